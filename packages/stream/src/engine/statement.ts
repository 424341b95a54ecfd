/**
 * The two things about a statement that the endpoint has to know before the engine sees it: whether data follows an
 * INSERT's head (the engine must never be given such data inline: it ends them at the first blank line and runs the
 * rest as SQL), and the output format (only some can be streamed). All else is the engine's own parser's business.
 */
export type Statement =
  | { readonly kind: 'insert'; readonly head: string; readonly settings: string; readonly format: string; readonly dataAt: number }
  | { readonly kind: 'other'; readonly format: string | undefined };

/** `text` holds one character per byte (latin1), so that `dataAt` is a position in the bytes. */
export function readStatement(text: string): Statement {
  const words = topLevelWords(text);
  const first = words.next().value;
  if (first?.word !== 'INSERT') return { kind: 'other', format: lastFormat(text) };
  let settingsAt: number | undefined;
  for (const { word, start, end } of words) {
    if (word === 'SETTINGS') settingsAt ??= start;
    else if (word === 'SELECT' || word === 'WITH' || word === 'INFILE' || word === 'TABLE') {
      // INSERT INTO TABLE x and INTO TABLE FUNCTION f(…) have the word in the head; INSERT INTO t TABLE x is a SELECT.
      if (word !== 'TABLE' || !/^\s*INSERT\s+INTO\s+$/i.test(text.slice(0, start))) return { kind: 'other', format: undefined };
    } else if (word === 'VALUES') return insert(text, settingsAt ?? start, start, 'Values', end);
    else if (word === 'FORMAT') {
      const name = /^\s*(\w+)[^\S\n]*(?:\r?\n)?/.exec(text.slice(end, end + 200));
      if (name?.[1]) return insert(text, settingsAt ?? start, start, name[1], end + name[0].length);
    }
  }
  return { kind: 'other', format: undefined };
}

const insert = (text: string, headEnd: number, formatAt: number, format: string, dataAt: number): Statement => ({
  kind: 'insert', head: utf8(text.slice(0, headEnd)), settings: utf8(text.slice(headEnd, formatAt)), format, dataAt,
});

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8').trim();

/** The name in `… FORMAT name` at the end, before a semicolon or SETTINGS. */
function lastFormat(text: string): string | undefined {
  let found: string | undefined;
  let before = '';
  let name: string | undefined;
  for (const { word, start, end } of topLevelWords(text)) {
    if (name !== undefined && (word === ';' || word === 'SETTINGS' || word === 'INTO')) found = name;
    name = before === 'FORMAT' && /^[A-Z]\w*$/.test(word) ? text.slice(start, end) : undefined;
    before = word;
  }
  return name ?? found;
}

// Runs of ordinary characters are one step each: a regular expression that steps character by character through a long
// string literal overflows its stack.
const TOKEN = /\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]+|\\[\s\S]|'')*'|"(?:[^"\\]+|\\[\s\S]|"")*"|`(?:[^`\\]+|\\[\s\S]|``)*`|\$(\w*)\$[\s\S]*?\$\1\$|[A-Za-z_]\w*|[0-9][\w.]*|[\s\S]/gy;

/** Words in upper case, and single characters, outside quotes, comments and brackets. */
function* topLevelWords(text: string): Generator<{ word: string; start: number; end: number }> {
  let depth = 0;
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    if (token === ')' || token === ']') depth -= 1;
    if (depth === 0 && !/^(?:\s|--|#[ !]|\/\*)/.test(token)) yield { word: token.toUpperCase(), start: match.index, end: match.index + token.length };
    if (token === '(' || token === '[') depth += 1;
  }
}
