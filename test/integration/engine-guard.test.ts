import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../harness/clickhouse.js';

let engine: TestEngine;
let service: ClickHouseClient;
let folder: string;
let secret: string;
let out: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vacancy-guard-'));
  secret = join(folder, 'secret.csv');
  out = join(folder, 'out');
  await writeFile(secret, 'hunter2,1\n');
  engine = await startTestEngine({ readers: { concurrent: 2, executionSeconds: 1, resultRows: 200_000, resultBytes: 4_000_000 } });
  service = engine.client();
  await service.command({ query: 'CREATE DATABASE vacancy ENGINE = Atomic' });
  await service.command({ query: 'CREATE TABLE vacancy.t (a UInt64, s String) ENGINE = MergeTree ORDER BY a' });
  await service.command({ query: 'CREATE VIEW vacancy.v AS SELECT a, count() AS n FROM vacancy.t GROUP BY a' });
  await service.insert({ table: 'vacancy.t', values: [{ a: 1, s: 'one' }, { a: 2, s: 'two' }], format: 'JSONEachRow' });
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const ask = async (query: string, more: Record<string, string> = {}, init: RequestInit = {}): Promise<{ status: number; code: string | null; text: string }> => {
  const response = await fetch(`${engine.url}/?${new URLSearchParams({ query, ...more })}`, init);
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: await response.text() };
};
const DENIED = '497';
const READONLY = '164';

/** Every statement that was found to leave the tables, or the limits; `FILE` is a file with a secret, `OUT` one that must not come to be. */
const ESCAPES: Record<string, string[]> = {
  'reading files': [
    "SELECT file('FILE')", "SELECT `file`('FILE')", "SELECT FILE('FILE')", "SELECT * FROM file('FILE', 'CSV', 'a String, b String')",
    "file('FILE')", "SELECT 1 IN (SELECT 1 FROM file('FILE'))", "SELECT arrayMap(x -> file(x), ['FILE'])", "WITH x AS (SELECT file('FILE')) SELECT * FROM x",
    "SELECT * REPLACE (file('FILE') AS s) FROM t", "SELECT s APPLY(file) FROM (SELECT 'FILE' AS s)", "SELECT COLUMNS('s') APPLY(file) FROM (SELECT 'FILE' AS s)",
    "SELECT * APPLY(x -> file('FILE')) FROM t", "SELECT a FROM t ORDER BY file('FILE')", "SELECT a FROM t LIMIT length(file('FILE'))",
    "SELECT a FROM t ORDER BY a WITH FILL TO toUInt64(length(file('FILE')))", "SELECT sum(a) OVER (PARTITION BY file('FILE')) FROM t",
    "SELECT * FROM view(SELECT file('FILE'))", "SELECT * FROM numbers(length(file('FILE')))", "EXPLAIN SELECT file('FILE')", "EXPLAIN actions = 1 SELECT file('FILE')",
    "DESCRIBE file('FILE')", "DESCRIBE (SELECT file('FILE'))",
    'SELECT * FROM default.`FILE`', "SELECT * FROM `default`.'FILE'", 'SELECT 1 IN default.`FILE`', 'SELECT a FROM t WHERE s IN (SELECT * FROM default.`FILE`)',
    'DESCRIBE default.`FILE`', 'SHOW CREATE TABLE default.`FILE`', 'EXISTS default.`FILE`', 'SELECT * FROM t JOIN default.`FILE` AS f ON true',
    "SHOW COLUMNS FROM t WHERE throwIf(1, file('FILE'))", "SHOW TABLES WHERE file('FILE') != ''", 'SHOW TABLES WHERE 1 IN default.`FILE`', "SHOW TABLES LIMIT length(file('FILE'))",
    "SELECT * FROM format(JSONEachRow, 'a String, b String DEFAULT file(\\'FILE\\')', '{\"a\": \"x\"}')",
    "SELECT * FROM values('a String, b String ALIAS file(\\'FILE\\')', 'x')", "SELECT * FROM eval('SELECT file(\\'FILE\\')')",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))", "SELECT * FROM filesystem('FILE')", "SELECT * FROM sqlite('FILE', 't')",
    "SELECT * FROM merge('default', '.*')", "SELECT * FROM loop(file('FILE'))", "SELECT * FROM icebergLocal('FILE')", "SELECT catboostEvaluate('FILE', 1)",
    "SELECT joinGet('default.x', 'a', 1)", "SELECT hasColumnInTable('default', 'FILE', 'c1')",
  ],
  'reaching other hosts': [
    "SELECT * FROM url('http://127.0.0.1:1', 'CSV', 'a String')", "SELECT * FROM s3('http://127.0.0.1:1/x')", "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)", "SELECT * FROM cluster('default', system.one)", "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')", "SELECT * FROM mongodb('127.0.0.1:1', 'd', 't', 'u', 'p')", "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')",
    "SELECT * FROM jdbc('x', 'y')", "SELECT * FROM odbc('x', 'y')", "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x')", "SELECT * FROM azureBlobStorage('x', 'y', 'z')",
    "SELECT * FROM deltaLake('http://127.0.0.1:1')", "EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:1', 'd', 't', 'u', 'p') PARTITION BY a", "SELECT aiGenerate('x', 'y')",
  ],
  'running programs and looking into the process': [
    "SELECT * FROM executable('id', 'TSV', 'a String')", 'SELECT addressToLine(1)', 'SELECT addressToSymbol(1)', 'SELECT addressToLineWithInlines(1)',
    'SELECT * FROM system.stack_trace', 'SELECT 1 IN system.stack_trace', 'SELECT * FROM system.symbols', 'SELECT * FROM system.remote_data_paths', "SELECT logTrace('x')",
  ],
  'writing': [
    "SELECT 1 INTO OUTFILE 'OUT'", "SELECT 1 INTO OUTFILE 'OUT' TRUNCATE FORMAT CSV", "EXPLAIN SELECT 1 INTO OUTFILE 'OUT'", "SHOW TABLES INTO OUTFILE 'OUT'",
    'INSERT INTO t VALUES (3, 0)', 'INSERT INTO t SELECT 3, 0', "INSERT INTO FUNCTION file('OUT', 'CSV', 'a UInt8') SELECT 1", 'INSERT INTO t FORMAT CSV 3,x',
    'CREATE TABLE x (a UInt8) ENGINE = Memory', 'CREATE TEMPORARY TABLE x (a UInt8)', 'CREATE DATABASE x', 'CREATE FUNCTION f AS x -> x', 'CREATE VIEW x AS SELECT 1',
    'DROP TABLE t', 'TRUNCATE TABLE t', 'ALTER TABLE t DELETE WHERE 1', 'DELETE FROM t WHERE 1', 'UPDATE t SET s = 0 WHERE 1', 'OPTIMIZE TABLE t', 'RENAME TABLE t TO u', 'DETACH TABLE t',
    "BACKUP TABLE t TO File('OUT')", 'SELECT 1; DROP TABLE t', 'SELECT 1 PARALLEL WITH DROP TABLE t', '; DROP TABLE t', 'EXPLAIN AST SELECT 1; DROP TABLE t', 'DROP TABLE t; nonsense (',
    'GRANT ALL ON *.* TO default', 'CREATE USER x', 'EXECUTE AS default SELECT 1',
  ],
  'stopping and disturbing': [
    'SYSTEM SHUTDOWN', 'SYSTEM KILL', 'SYSTEM FLUSH LOGS', 'SYSTEM STOP MERGES', 'SYSTEM DROP MARK CACHE', 'KILL QUERY WHERE 1', 'KILL MUTATION WHERE 1',
    'SELECT sleep(3)', 'SELECT sleepEachRow(1) FROM numbers(10)', 'SELECT SLEEP(1)', 'CHECK TABLE t', 'USE system',
  ],
  'lifting the limits': [
    'SET readonly = 0', 'SET readonly = DEFAULT', 'SET max_execution_time = 0', 'SELECT 1 SETTINGS readonly = DEFAULT', 'SELECT 1 SETTINGS max_execution_time = DEFAULT',
    'SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)', 'SELECT a IN (SELECT 1 SETTINGS readonly = 0) FROM t', 'SELECT 1 FORMAT CSV SETTINGS readonly = 0',
    'EXPLAIN SELECT 1 SETTINGS readonly = 0', 'EXPLAIN SELECT 1 FORMAT CSV SETTINGS readonly = 0', 'SHOW TABLES FORMAT CSV SETTINGS readonly = 0', 'WITH x AS (SELECT 1 SETTINGS readonly = 0) SELECT * FROM x',
    'EXPLAIN readonly = 0 SELECT 1', "SELECT 1 SETTINGS output_format_schema = 'OUT' FORMAT Protobuf", 'SELECT 1 UNION ALL SELECT 2 SETTINGS readonly = 0',
  ],
};

describe.each(Object.entries(ESCAPES))('without a password, %s', (_, statements) => {
  it.each(statements)('by %s is refused', async (statement) => {
    const answer = await ask(statement.replaceAll('FILE\'', `${secret}'`).replaceAll('FILE`', `${secret}\``).replaceAll('FILE\\', `${secret}\\`).replaceAll('OUT', out));
    expect(answer.text).not.toContain('hunter2');
    // Refused by the guard or, as a setting, by the engine; or not even a statement to the parser.
    expect([DENIED, READONLY, '62']).toContain(answer.code);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(existsSync(out)).toBe(false);
  });
});

it('none of this changed anything', async () => {
  expect(await (await service.query({ query: 'SELECT * FROM vacancy.t ORDER BY a', format: 'JSONEachRow' })).json()).toEqual([{ a: 1, s: 'one' }, { a: 2, s: 'two' }]);
  expect(engine.engine.restarts).toBe(0);
  expect(await readFile(secret, 'utf8')).toBe('hunter2,1\n');
});

describe('without a password, a parameter', () => {
  it('cannot name a file as a table', async () => {
    expect(await ask('SELECT * FROM {d:Identifier}.{t:Identifier}', { param_d: 'default', param_t: secret })).toMatchObject({ code: DENIED });
    expect(await ask('SELECT 1 IN {t:Identifier}', { param_t: secret })).not.toMatchObject({ status: 200 });
    expect((await ask('SELECT * FROM {t:Identifier}', { param_t: secret, database: 'default' })).status).not.toBe(200);
  });
  it.each(['readonly', 'max_memory_usage', 'max_execution_time'])('of the URL does not lift %s', async (name) => {
    expect((await ask(`SELECT toString(getSetting('${name}'))`, { [name]: '0' })).text).not.toBe('0\n');
  });
  it.each(['allow_introspection_functions', 'output_format_schema', 'format_schema', 'max_threads_for_indexes', 'user_files_path', 'log_comment'])('of the URL cannot be %s', async (name) => {
    expect(await ask('SELECT 1', { [name]: '1' })).toMatchObject({ status: 403, code: '164' });
  });
  it('cannot bring SQL along', async () => {
    expect((await ask('SELECT 1', { database: 'vacancy`; DROP TABLE t; --' })).status).toBe(404);
    expect((await ask('SELECT 1', { 'x=1, readonly': '0' })).status).toBe(400);
    expect((await ask('SELECT 1', { default_format: "CSV' INTO OUTFILE '/tmp/x" })).status).toBe(400);
    expect((await ask('SELECT {a:String}', { param_a: "x', readonly = '0" })).text).toBe("x\\', readonly = \\'0\n");
  });
});

describe('without a password, a query', () => {
  it('ends at its time limit', async () => {
    const started = performance.now();
    expect(await ask('SELECT count() FROM numbers(1e13) WHERE NOT ignore(number)')).toMatchObject({ code: '159' });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
  it('ends at its memory limit', async () => {
    expect(await ask('SELECT length(groupArray(repeat(toString(number), 1000))) FROM numbers(100000000)')).toMatchObject({ code: '241' });
  });
  it('ends at its result\'s limits, and says so instead of cutting it', async () => {
    expect(await ask('SELECT number FROM numbers(300000) FORMAT JSON')).toMatchObject({ code: '396' });
    expect((await ask("SELECT repeat('x', 1000) FROM numbers(100000)")).text).toSatisfy((text: string) => text.includes('TOO_MANY_ROWS_OR_BYTES'));
    // A column of one repeated value counts little before it is written out.
    expect((await ask("SELECT repeat('x', 100000) FROM numbers(100000) FORMAT JSON")).code).toMatch(/^(?:396|241)$/);
  });
  it('is refused when too many run, and the service\'s are not', async () => {
    const slow = () => ask('SELECT count() FROM numbers(1e13) WHERE NOT ignore(number)');
    const answers = Promise.all([slow(), slow(), slow(), slow()]);
    expect(await (await service.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' })).json()).toEqual([{ one: 1 }]);
    expect((await answers).map(({ code }) => code).sort()).toEqual(['159', '159', '202', '202']);
  });
  it('is only so long', async () => {
    expect((await ask('', {}, { method: 'POST', body: `SELECT 1 -- ${'x'.repeat(2_000_000)}` })).status).toBe(413);
  });
});

describe('the door', () => {
  it('is shut to wrong passwords and unknown names', async () => {
    for (const [user, password] of [['vacancy', ''], ['vacancy', 'x'], ['admin', ''], ['default', 'x']] as const) {
      expect(await ask('SELECT 1', { user, password })).toMatchObject({ status: 401, code: '516' });
    }
  });
  it('is shut to web pages, also to those behind a name that points here', async () => {
    expect((await ask('SELECT 1', {}, { headers: { Origin: 'http://evil.example' } })).status).toBe(403);
    expect((await ask('SELECT 1', {}, { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status).toBe(403);
    expect((await ask('SELECT 1', { add_http_cors_header: '1' }, { method: 'OPTIONS', headers: { Origin: 'http://evil.example' } })).status).toBe(403);
    expect(await statusFor('evil.example')).toBe(401);
    expect(await statusFor('localhost')).toBe(200);
  });
});

/** `fetch` does not let a program choose the Host. */
const statusFor = (host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(`${engine.url}/?query=SELECT+1`, { headers: { host } }, (response) => resolve(response.resume().statusCode)).on('error', reject).end();
  });

describe('reading works', () => {
  // What curl, the stock client, database browsers and dashboards send, when they connect and afterwards.
  it.each([
    'SELECT version(), timezone()', 'SELECT displayName(), version(), timezone()', 'SELECT currentUser(), currentDatabase(), hostName(), uptime()', 'SELECT 1', 'SELECT @@version',
    'SELECT name, engine, comment FROM system.databases', "SELECT database, name, engine, total_rows, total_bytes FROM system.tables WHERE database NOT IN ('system')",
    "SELECT * FROM system.columns WHERE database = 'vacancy' ORDER BY table, position", 'SELECT name, value FROM system.settings', 'SELECT name, is_aggregate FROM system.functions',
    'SELECT name FROM system.table_functions', 'SELECT * FROM system.data_type_families', 'SELECT * FROM system.table_engines', 'SELECT * FROM system.parts', 'SELECT * FROM system.processes', 'SELECT * FROM system.merges',
    'SELECT * FROM information_schema.tables', 'SELECT * FROM INFORMATION_SCHEMA.COLUMNS',
    'SHOW DATABASES', 'SHOW TABLES', 'SHOW TABLES FROM vacancy', "SHOW TABLES LIKE 't%'", 'SHOW FULL TABLES FROM vacancy', 'SHOW COLUMNS FROM t', 'SHOW CREATE TABLE t', 'SHOW CREATE TABLE vacancy.v', 'SHOW CREATE DATABASE vacancy',
    'SHOW FUNCTIONS', 'SHOW PROCESSLIST', "SHOW SETTINGS LIKE 'max%'", 'SHOW DICTIONARIES', 'DESCRIBE t', 'DESC TABLE vacancy.t', 'DESCRIBE (SELECT 1 AS a)', 'EXISTS TABLE t', 'EXISTS vacancy.v', 'EXISTS DATABASE vacancy',
    'EXPLAIN SELECT * FROM t', 'EXPLAIN indexes = 1 SELECT * FROM t WHERE a = 1', 'EXPLAIN PIPELINE SELECT 1', 'EXPLAIN SYNTAX SELECT 1', 'EXPLAIN ESTIMATE SELECT * FROM t', 'EXPLAIN AST SELECT 1', 'EXPLAIN QUERY TREE SELECT 1',
    'SELECT * FROM t', 'SELECT * FROM vacancy.t FORMAT JSONEachRow', 'SELECT * FROM v FORMAT JSON;', 'FROM t SELECT a', '(SELECT 1)', 'SELECT a AS file, s AS url FROM t ORDER BY file',
    "WITH x AS (SELECT a FROM t) SELECT * FROM x WHERE a IN (SELECT a FROM t) AND toString(a) NOT LIKE '%file(%'", 'SELECT a, sum(a) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t', 'SELECT * EXCEPT (s) FROM t',
    'SELECT l.a, r.s FROM t AS l LEFT JOIN t AS r USING (a)', 'SELECT a FROM t ORDER BY a WITH FILL FROM 0 TO 5', 'SELECT quantiles(0.5, 0.9)(a) FROM t GROUP BY s WITH TOTALS', 'SELECT arrayMap(x -> x + 1, [1, 2]), (1, 2).1, [1][1], CAST(1, \'String\'), 1::Float64',
    'SELECT toStartOfInterval(now(), INTERVAL 5 MINUTE), CASE WHEN 1 THEN 2 END, formatReadableSize(1)', 'SELECT * FROM numbers(3)', 'SELECT format(\'{}\', a) FROM t', 'SELECT 1 UNION ALL SELECT 2 INTERSECT SELECT 2',
    'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r', 'SELECT a, s FROM t ARRAY JOIN [1, 2] AS x LIMIT 1 BY a', 'SELECT a FROM t GROUP BY GROUPING SETS ((a), ())',
  ])('for %s', async (statement) => {
    const answer = await ask(statement);
    expect(answer.text).not.toMatch(/^Code:/);
    expect(answer).toMatchObject({ status: 200, code: null });
  });

  it('for the stock client without an account', async () => {
    await using client = disposable(createClient({ url: engine.url, database: 'vacancy', log: { level: 127 }, clickhouse_settings: { output_format_json_quote_64bit_integers: 1, max_execution_time: 60 } }));
    const result = await client.query({ query: 'SELECT a FROM t WHERE s = {s:String}', query_params: { s: 'two' } });
    expect(await result.json()).toMatchObject({ data: [{ a: '2' }] });
    await expect(client.insert({ table: 't', values: [{ a: 3 }], format: 'JSONEachRow' })).rejects.toMatchObject({ code: DENIED });
  });

  it('for drivers that ask for the database "default"', async () => {
    expect((await ask('SELECT currentDatabase()', { database: 'default' })).text).toBe('vacancy\n');
  });
});

it('the guard knows the engine: what it can do was looked through for this version', async () => {
  // After an upgrade, read the names of `system.functions` (what reads files, reaches other hosts, waits, looks into the process?), of
  // `system.table_functions` and of `system.tables` where the database is `system`; correct the lists in guard.ts, then these figures.
  const digest = async (query: string) => createHash('sha256').update(await (await service.query({ query, format: 'TabSeparated' })).text()).digest('hex').slice(0, 16);
  expect({
    functions: await digest("SELECT name FROM system.functions WHERE origin = 'System' ORDER BY name"),
    tableFunctions: await digest('SELECT name FROM system.table_functions ORDER BY name'),
    systemTables: await digest("SELECT name FROM system.tables WHERE database = 'system' ORDER BY name"),
  }).toEqual({ functions: 'b852555d1dbf0934', tableFunctions: '119cf7b08626da63', systemTables: '1f5007e3f0c9c065' });
});

const disposable = (client: ClickHouseClient): ClickHouseClient & AsyncDisposable => Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
