import { describe, expect, it } from 'vitest';
import { readerSettings, refuseAst, withoutExplainOptions } from './guard.js';

const TABLE_FUNCTIONS = new Set(['numbers', 'url', 'file', 'remote', 'format', 'eval']);
const refuse = (ast: string, text = '') => refuseAst(ast, text, TABLE_FUNCTIONS);
const select = (...nodes: string[]) => ['SelectWithUnionQuery (children 1)', ...nodes.map((node) => ` ${node}`)].join('\n');

describe('a tree', () => {
  it('of plain reading passes', () => {
    expect(refuse(select('ExpressionList (children 1)', 'Function count (alias n) (children 1)', 'TableExpression (children 1)', 'TableIdentifier vacancy.server_samples (alias s)', "Literal 'Function file'"))).toBeUndefined();
    expect(refuse(select('TableExpression (children 1)', 'Function numbers (children 1)'))).toBeUndefined();
    expect(refuse(select('Function format (children 1)'))).toBeUndefined();
  });
  it.each([
    ['Function file (children 1)', /function file/],
    ['Function FILE (alias x) (children 1)', /function FILE/],
    ['Function url (children 1)', /function url/],
    ['Function sleep (children 1)', /function sleep/],
    ['Function __getScalar (children 1)', /function __getScalar/],
    ['Set', /SETTINGS/],
    ['ColumnsApplyTransformer', /APPLY/],
    ['SomethingNew', /SomethingNew/],
    ['TableIdentifier default./etc/passwd', /"default"/],
    ['Identifier default./etc/passwd (alias x)', /"default"/],
    ['TableIdentifier system.stack_trace', /stack_trace/],
    ['Identifier system.zookeeper_info', /zookeeper/],
  ])('with %s is refused', (node, reason) => {
    expect(refuse(select(node))).toMatch(reason);
  });
  it('has no table function but the listed ones', () => {
    expect(refuse(select('TableExpression (children 1)', 'Function format (children 1)'))).toMatch(/table function format/);
    expect(refuse(select('TableExpression (children 1)', 'Function brandNew (children 1)'))).toMatch(/table function brandNew/);
  });
  it.each(['InsertQuery', 'Set', 'SYSTEM query', 'KillQueryQuery', 'CheckQuery', 'Explain EXPLAIN TABLE OVERRIDE', 'Explain EXPLAIN CURRENT TRANSACTION'])('that begins with %s is refused', (root) => {
    expect(refuse(root)).toMatch(/not allowed/);
  });
  it('of SHOW passes only without a condition, which the tree does not hold', () => {
    expect(refuse('ShowTables', "SHOW TABLES LIKE 'a%'")).toBeUndefined();
    expect(refuse('ShowColumns', "SHOW COLUMNS FROM t WHERE file('x') = ''")).toMatch(/SHOW/);
    expect(refuse('ShowTables', 'SHOW TABLES LIMIT length(x)')).toMatch(/SHOW/);
  });
  it('cannot be made harmless by a name with a line break in it', () => {
    expect(refuse('SelectWithUnionQuery (children 1)\n Identifier a (alias x\n Literal 1)\n Function file (children 1)')).toMatch(/file/);
  });
});

describe('options of EXPLAIN', () => {
  it('are taken out where they are switches', () => {
    expect(withoutExplainOptions('EXPLAIN indexes = 1, actions=1 SELECT 1').trim().replace(/\s+/g, ' ')).toBe('EXPLAIN SELECT 1');
    expect(withoutExplainOptions('explain pipeline graph=1 SELECT 1').replace(/\s+/g, ' ')).toBe('explain pipeline SELECT 1');
  });
  it('stay when they are anything else', () => {
    for (const text of ['EXPLAIN readonly = 0 SELECT 1', "EXPLAIN indexes = 'x' SELECT 1", 'SELECT 1 SETTINGS indexes = 1']) expect(withoutExplainOptions(text)).toBe(text);
  });
});

describe('settings of a reader', () => {
  const limits = { max_execution_time: '30', max_threads: '2' };
  it('may lower a limit and not raise it', () => {
    expect(readerSettings({ max_execution_time: '5', max_threads: '64' }, limits)).toEqual({ max_execution_time: '5', max_threads: '2' });
  });
  it.each(['0', '-1', 'DEFAULT', 'NaN', 'Infinity'])('cannot lift a limit with %s', (value) => {
    expect(readerSettings({ max_execution_time: value }, limits)).toEqual(limits);
  });
  it('may form the output', () => {
    expect(readerSettings({ output_format_json_quote_64bit_integers: '1', session_timezone: 'Asia/Shanghai' }, {})).toEqual({ output_format_json_quote_64bit_integers: '1', session_timezone: 'Asia/Shanghai' });
  });
  it('are otherwise refused by name', () => {
    for (const name of ['output_format_schema', 'format_schema', 'allow_introspection_functions', 'max_memory_usage_for_user', 'log_comment', 'timeout_overflow_mode']) {
      expect(readerSettings({ [name]: '1' }, limits)).toBe(name);
    }
  });
  it('cannot end readonly, nor let a long result be cut', () => {
    expect(readerSettings({ readonly: '0', result_overflow_mode: 'break' }, limits)).toEqual(limits);
  });
});
