/**
 * Splits a migration into its statements: at semicolons that are neither in a quoted text nor in a comment.
 * Comments stay with the statement they precede; a piece that holds nothing else is dropped.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let bare = '';
  for (let i = 0; i < sql.length; ) {
    const end = skip(sql, i);
    if (end > i) {
      if (!isComment(sql, i)) bare += sql.slice(i, end);
      i = end;
    } else if (sql[i] === ';') {
      if (bare.trim()) statements.push(sql.slice(start, i).trim());
      start = ++i;
      bare = '';
    } else bare += sql[i++];
  }
  if (bare.trim()) statements.push(sql.slice(start).trim());
  return statements;
}

const isComment = (sql: string, i: number): boolean => sql.startsWith('--', i) || sql.startsWith('/*', i);

/** The end of the comment or quoted text that begins at `i`; `i` itself when none does. */
function skip(sql: string, i: number): number {
  if (sql.startsWith('--', i)) return endOf(sql, '\n', i + 2);
  if (sql.startsWith('/*', i)) return endOf(sql, '*/', i + 2);
  const quote = sql[i]!;
  if (quote !== "'" && quote !== '`' && quote !== '"') return i;
  for (let j = i + 1; j < sql.length; j++) {
    if (sql[j] === '\\') j++;
    else if (sql[j] === quote) return j + 1;
  }
  return sql.length;
}

function endOf(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from);
  return at < 0 ? sql.length : at + mark.length;
}
