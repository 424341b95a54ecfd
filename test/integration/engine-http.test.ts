import { gzipSync } from 'node:zlib';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClickHouseError, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../harness/clickhouse.js';

let engine: TestEngine;
let client: ClickHouseClient;

beforeAll(async () => {
  engine = await startTestEngine();
  client = engine.client({ log: { level: 127 } });
  await client.command({ query: 'CREATE DATABASE vacancy ENGINE = Atomic' });
  await client.command({ query: 'CREATE DATABASE other ENGINE = Atomic' });
  await client.command({ query: 'CREATE TABLE other.here (a UInt8) ENGINE = MergeTree ORDER BY a' });
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const table = async (name: string, columns: string): Promise<string> => {
  await client.command({ query: `CREATE TABLE vacancy.${name} (${columns}) ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 100` });
  return `vacancy.${name}`;
};
const rows = async <T>(query: string): Promise<T[]> => (await client.query({ query, format: 'JSONEachRow' })).json<T>();
const count = async (name: string): Promise<number> => Number((await rows<{ n: string }>(`SELECT count() AS n FROM ${name}`))[0]?.n);
/** A request with the service's account, as a program without the stock client would send it. */
const post = (query: string, body: BodyInit | null, headers: Record<string, string> = {}, more = ''): Promise<Response> =>
  fetch(`${engine.url}/?query=${encodeURIComponent(query)}${more}`, {
    method: 'POST', body, headers: { 'X-ClickHouse-User': engine.username, 'X-ClickHouse-Key': engine.password, ...headers },
  });

describe('an INSERT', () => {
  it.each(['JSONEachRow', 'JSONCompactEachRow', 'CSV', 'TabSeparated', 'Native', 'RowBinary', 'Parquet', 'Arrow'])('in %s brings every byte, blank lines and all 256 values', async (format) => {
    const name = await table(`bytes_${format}`, 'id UInt32, s String');
    const source = `SELECT number::UInt32 AS id, if(number < 256, char(number), concat('a\\n\\n', toString(number), '\\r\\n\\r\\n;DROP')) AS s FROM numbers(300)`;
    // JSON and Arrow's strings are text; there the bytes above 127 stand for themselves only in the binary formats.
    const query = /JSON/.test(format) ? source.replace('char(number)', 'char(number % 128)') : source;
    const body = await (await post(`${query} FORMAT ${format}`, null)).arrayBuffer();
    const response = await post(`INSERT INTO ${name} FORMAT ${format}`, body);
    expect(await response.text()).toBe('');
    const [same] = await rows<{ same: string }>(`SELECT (SELECT groupArray((id, hex(s))) FROM (SELECT * FROM ${name} ORDER BY id)) = (SELECT groupArray((id, hex(s))) FROM (${query})) AS same`);
    expect(Number(same?.same)).toBe(1);
    expect(JSON.parse(response.headers.get('x-clickhouse-summary') ?? '{}')).toMatchObject({ written_rows: '300' });
  });

  it('takes compressed bodies', async () => {
    const name = await table('zipped', 'a UInt32');
    await post(`INSERT INTO ${name} FORMAT JSONEachRow`, new Uint8Array(gzipSync('{"a":1}\n\n{"a":2}')), { 'Content-Encoding': 'gzip' });
    const zipping = engine.client({ compression: { request: true } });
    await zipping.insert({ table: name, values: [{ a: 3 }], format: 'JSONEachRow' });
    expect(await rows(`SELECT a FROM ${name} ORDER BY a`)).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
  });

  it('takes data that begin in the statement, in the URL or in the body', async () => {
    const name = await table('inline', 'a UInt32, s String');
    await post(`INSERT INTO ${name} VALUES (1, 'x;\n\ny'),`, "(2, 'z')");
    await fetch(engine.url, { method: 'POST', body: `INSERT INTO ${name} FORMAT CSV\n3,"a\n\nDROP TABLE ${name}"\n`, headers: { Authorization: `Basic ${btoa(`${engine.username}:${engine.password}`)}` } });
    expect(await rows(`SELECT * FROM ${name} ORDER BY a`)).toEqual([{ a: 1, s: 'x;\n\ny' }, { a: 2, s: 'z' }, { a: 3, s: `a\n\nDROP TABLE ${name}` }]);
  });

  it('with the same token counts once, and its token does not stay', async () => {
    const name = await table('tokens', 'a UInt32');
    const insert = (a: number, token?: string) => client.insert({
      table: name, values: [{ a }], format: 'JSONEachRow', clickhouse_settings: { async_insert: 0, ...(token ? { insert_deduplication_token: token } : {}) },
    });
    await insert(1, 'one');
    await insert(1, 'one');
    await insert(2, 'two');
    await insert(3);
    await insert(4);
    expect(await count(name)).toBe(4);
    await post(`INSERT INTO ${name} SETTINGS insert_deduplication_token = 'two' FORMAT TSV`, '9\n');
    expect(await count(name)).toBe(4);
  });

  it('with a bad row inserts nothing and says which', async () => {
    const name = await table('bad', 'a UInt32');
    const response = await post(`INSERT INTO ${name} FORMAT JSONEachRow`, '{"a":1}\n{"a":"x"}\n');
    expect(response.headers.get('x-clickhouse-exception-code')).toMatch(/^\d+$/);
    expect(await response.text()).toMatch(/^Code: \d+\. DB::Exception: .*row 2/s);
    expect(response.ok).toBe(false);
    expect(await count(name)).toBe(0);
  });

  it('leaves no spool file', async () => {
    expect(await readdir(join(engine.dataDir, 'spool'))).toEqual([]);
  });
});

describe('a query', () => {
  it('has parameters of every kind', async () => {
    const result = await client.query({
      query: 'SELECT {s:String} AS s, {d:DateTime64(3)} AS d, {a:Array(String)} AS a, {n:Nullable(String)} AS n, {m:Map(String, UInt8)} AS m, {i:Identifier} AS i FROM (SELECT 1 AS one)',
      query_params: { s: "it's \\ \n {x}", d: new Date(1_700_000_000_678), a: ["a'b", 'c'], n: null, m: { k: 1 }, i: 'one' },
      format: 'JSONEachRow',
    });
    expect(await result.json()).toEqual([{ s: "it's \\ \n {x}", d: '2023-11-14 22:13:20.678', a: ["a'b", 'c'], n: null, m: { k: 1 }, i: 1 }]);
  });

  it('does not leave its settings, parameters or database to the next', async () => {
    await client.query({ query: 'SELECT {x:UInt8}', query_params: { x: 1 }, clickhouse_settings: { max_result_rows: '5', max_threads: 1 } });
    const scoped = engine.client({ database: 'other' });
    expect(await (await scoped.query({ query: 'SELECT * FROM here', format: 'JSONEachRow' })).json()).toEqual([]);
    expect(await rows<{ v: string }>("SELECT toString(getSetting('max_result_rows')) AS v")).toEqual([{ v: '0' }]);
    expect(await rows(`SELECT count() > 50000 AS all FROM (SELECT number FROM numbers(100000))`)).toEqual([{ all: 1 }]);
    await expect(client.query({ query: 'SELECT {x:UInt8}' })).rejects.toMatchObject({ code: '456' });
    await expect(client.query({ query: 'SELECT * FROM here' })).rejects.toMatchObject({ code: '60' });
  });

  it('fails as on a server', async () => {
    const failure = await client.query({ query: 'SELECT * FROM vacancy.absent' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ClickHouseError);
    expect(failure).toMatchObject({ code: '60', type: 'UNKNOWN_TABLE' });
    await expect(client.command({ query: 'SELECT 1; SELECT 2' })).rejects.toMatchObject({ code: '62' });
    const wrong = engine.client({ password: 'guess', log: { level: 127 } });
    await expect(wrong.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' });
    expect((await fetch(`${engine.url}/absent`)).status).toBe(404);
  });

  it('streams a large result', async () => {
    let seen = 0;
    const stream = (await client.query({ query: 'SELECT number FROM numbers(1000000)', format: 'JSONEachRow' })).stream();
    for await (const chunk of stream) seen += chunk.length;
    expect(seen).toBe(1_000_000);
  });

  it('that fails in the middle of its result fails for the client', async () => {
    const read = async () => {
      const result = await client.query({ query: 'SELECT number, throwIf(number = 900000) FROM numbers(1000000) SETTINGS max_block_size = 1000', format: 'JSONEachRow' });
      for await (const chunk of result.stream()) void chunk;
    };
    await expect(read()).rejects.toMatchObject({ code: '395' });
  });

  it('ends when its client goes away', async () => {
    const abort = new AbortController();
    const running = client.query({ query: "SELECT count() FROM numbers(1e12) WHERE ignore(number, 'abandoned') = 0", abort_signal: abort.signal });
    await until(async () => (await processes('abandoned')) > 0);
    abort.abort();
    await expect(running).rejects.toThrow();
    await until(async () => (await processes('abandoned')) === 0);
  });

  it('answers ping, to the stock client and to anything else', async () => {
    expect(await client.ping()).toEqual({ success: true });
    expect(await client.ping({ select: true })).toEqual({ success: true });
    expect(await (await fetch(`${engine.url}/ping`)).text()).toBe('Ok.\n');
    expect(await (await fetch(engine.url)).text()).toBe('Ok.\n');
  });
});

const processes = async (word: string): Promise<number> =>
  Number((await rows<{ n: string }>(`SELECT count() AS n FROM system.processes WHERE query LIKE '%${word}%' AND query NOT LIKE '%system.processes%'`))[0]?.n);

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never held');
}
