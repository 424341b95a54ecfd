/**
 * Decides over a statement of someone who may only read, from what the engine's own parser makes of it.
 *
 * The engine's `readonly` is no sandbox: with it on, `SELECT file('/etc/passwd')`, a table named like a file,
 * `SETTINGS readonly = DEFAULT` and INTO OUTFILE all work. So what is not known to be harmless is refused: kinds of
 * syntax and table functions by a list of what is allowed, functions by a list of what is not, since new ones appear
 * only with a new version of the engine (a test compares their names with those that were looked through).
 */

/** The part of `EXPLAIN AST`'s text that matters, or why the statement is refused. */
export function refuseAst(ast: string, text: string, tableFunctions: ReadonlySet<string>): string | undefined {
  let parent = '';
  for (const [at, line] of ast.trimEnd().split('\n').entries()) {
    const { kind, name } = readNode(line);
    const reason = at === 0 ? refuseRoot(kind, name, text) : refuseNode(kind, name, parent, tableFunctions);
    if (reason) return reason;
    parent = kind;
  }
  return undefined;
}

/** Statements that may come first; everything else that the engine calls reading is refused too. */
const ROOTS = new Set([
  'SelectWithUnionQuery', 'Explain', 'DescribeQuery', 'ExistsTableQuery', 'ExistsDatabaseQuery', 'ExistsViewQuery', 'ExistsDictionaryQuery',
  'ShowCreateTableQuery', 'ShowCreateViewQuery', 'ShowCreateDatabaseQuery', 'ShowCreateDictionaryQuery',
]);
/** Their conditions are not part of the tree, so they may have none. */
const PLAIN_SHOWS = new Set(['ShowTables', 'ShowColumns', 'ShowIndexes', 'ShowFunctions', 'ShowEngineQuery', 'ShowSetting', 'ShowProcesslistQuery', 'ShowGrantsQuery']);
const EXPLAINS = /^EXPLAIN(?: (?:AST|SYNTAX|PLAN|PIPELINE|ESTIMATE|QUERY TREE))?$/;

function refuseRoot(kind: string, name: string, text: string): string | undefined {
  if (kind === 'Explain') return EXPLAINS.test(name) ? undefined : `${name} is not allowed`;
  if (PLAIN_SHOWS.has(kind)) return /\(|\bwhere\b/i.test(text) ? 'SHOW with WHERE or brackets is not allowed; select from the system tables instead' : undefined;
  return ROOTS.has(kind) ? undefined : `this kind of statement is not allowed (${kind})`;
}

const KINDS = new Set([
  'SelectWithUnionQuery', 'SelectQuery', 'SelectIntersectExceptQuery', 'Subquery', 'ExpressionList', 'WithElement',
  'TablesInSelectQuery', 'TablesInSelectQueryElement', 'TableExpression', 'TableJoin', 'ArrayJoin', 'SampleRatio',
  'Asterisk', 'QualifiedAsterisk', 'ColumnsRegexpMatcher', 'ColumnsListMatcher', 'QualifiedColumnsRegexpMatcher', 'QualifiedColumnsListMatcher',
  'ColumnsTransformerList', 'ColumnsExceptTransformer', 'ColumnsReplaceTransformer', 'ColumnsReplaceTransformer::Replacement',
  'OrderByElement', 'InterpolateElement', 'WindowListElement', 'WindowDefinition', 'Literal',
]);

function refuseNode(kind: string, name: string, parent: string, tableFunctions: ReadonlySet<string>): string | undefined {
  if (kind === 'Function') return refuseFunction(name, parent, tableFunctions);
  if (kind === 'Identifier' || kind === 'TableIdentifier') return refuseIdentifier(name);
  if (KINDS.has(kind)) return undefined;
  if (kind === 'Set') return 'a SETTINGS clause is not allowed; send settings as URL parameters';
  // The tree does not show which function is applied.
  if (kind === 'ColumnsApplyTransformer') return 'APPLY is not allowed; name the columns instead';
  return `this kind of syntax is not allowed (${kind})`;
}

/** Table functions that read nothing but their arguments. `values` and `format` evaluate SQL inside a string. */
const TABLE_FUNCTIONS = new Set(['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'generateseries', 'generate_series', 'primes', 'view', 'dictionary']);
/** Functions by what they do; lower case, as the engine takes some of them in any. */
const FUNCTIONS = new Set([
  // Read files, or tell whether they exist.
  'file', 'catboostevaluate', 'hascolumnintable', 'joinget', 'joingetornull', 'showcertificate',
  // Send data to other hosts.
  'aiclassify', 'aiembed', 'aiextract', 'aigenerate', 'aitranslate', 'reversednsquery',
  // Hold a thread and do nothing.
  'sleep', 'sleepeachrow',
  // Read the process's own memory and symbols, or write to its log and state.
  'addresstoline', 'addresstolinewithinlines', 'addresstosymbol', 'trap', 'logtrace', 'generateserialid',
]);

function refuseFunction(name: string, parent: string, tableFunctions: ReadonlySet<string>): string | undefined {
  const lower = name.toLowerCase();
  if (TABLE_FUNCTIONS.has(lower)) return undefined;
  if (parent === 'TableExpression') return `the table function ${name} is not allowed`;
  // `format` is also a harmless function, and no other table function's name is one.
  const known = FUNCTIONS.has(lower) || lower.startsWith('__') || (tableFunctions.has(lower) && lower !== 'format');
  return known ? `the function ${name} is not allowed` : undefined;
}

/** Tables that stop threads to look at them, or walk other storage. */
const TABLES = /(?:^|\.)(?:stack_trace|remote_data_paths|zookeeper\w*|certificates|symbols|jemalloc_profile_text)$/i;

function refuseIdentifier(name: string): string | undefined {
  // In chDB's `default` database every file of the machine is a table of that name.
  if (/^default(?:\.|$)/i.test(name)) return 'the database "default" is not readable; this is about the database "vacancy"';
  return TABLES.test(name) ? `${name} is not readable` : undefined;
}

/** ` Function count (alias n) (children 1)` is kind `Function`, name `count`. */
function readNode(line: string): { kind: string; name: string } {
  const text = line.trimStart().replace(/ \(children \d+\)$/, '').replace(/ \(alias .*\)$/, '');
  const space = text.indexOf(' ');
  return space < 0 ? { kind: text, name: '' } : { kind: text.slice(0, space), name: text.slice(space + 1) };
}

/**
 * The options of EXPLAIN (`indexes = 1`) look in the tree like a SETTINGS clause; the known ones, as 0 or 1, are taken
 * out of the text that is looked at.
 */
export const withoutExplainOptions = (text: string): string => text.replace(EXPLAIN_OPTIONS, '$1 ');
const EXPLAIN_OPTIONS =
  /^(\s*EXPLAIN(?:\s+(?:PLAN|PIPELINE|SYNTAX|QUERY\s+TREE))?)\s+(?:(?:header|description|indexes|projections|actions|json|compact|graph|sorting|run_passes|dump_passes|passes|oneline|run_query_tree_passes)\s*=\s*[01]\s*,?\s*)+/i;

/** Formats, numbers and time zones of the output: nothing that names a file, lifts a limit or changes what is read. */
const SETTINGS =
  /^(?:output_format_(?:json|csv|tsv|pretty|decimal|values|markdown|xml|sql)_\w+|output_format_(?:write_statistics|enable_streaming|native_\w+|binary_\w+|arrow_\w+|parquet_\w+)|format_csv_delimiter|format_tsv_null_representation|format_csv_null_representation|bool_(?:true|false)_representation|date_time_output_format|session_timezone|extremes|join_use_nulls|max_block_size|any_join_distinct_right_table_keys|prefer_column_name_to_alias|union_default_mode|use_variant_as_common_type|count_distinct_implementation|final)$/;
/** Limits may be lowered. */
const LIMITS = new Set(['max_execution_time', 'max_result_rows', 'max_result_bytes', 'max_memory_usage', 'max_threads', 'max_rows_to_read', 'max_bytes_to_read']);

/** The settings of a reader's query: `asked`, within `limits`. A string says what is refused. */
export function readerSettings(asked: Readonly<Record<string, string>>, limits: Readonly<Record<string, string>>): Record<string, string> | string {
  const settings: Record<string, string> = { ...limits };
  for (const [name, value] of Object.entries(asked)) {
    if (LIMITS.has(name)) settings[name] = lower(value, limits[name]);
    else if (SETTINGS.test(name)) settings[name] = value;
    // Drivers for readers send these; they ask for what holds anyway.
    else if (name !== 'readonly' && name !== 'result_overflow_mode') return name;
  }
  return settings;
}

function lower(asked: string, limit: string | undefined): string {
  const number = Number(asked);
  // 0 means no limit.
  if (!(number > 0)) return limit ?? '0';
  return limit === undefined ? `${Math.floor(number)}` : `${Math.min(Math.max(1, Math.floor(number)), Number(limit))}`;
}
