import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MINUTE } from '@vacancy/shared';
import { insertSamples } from '../../../packages/stream/src/store/bulk.js';
import { openDatabase, type Database } from '../../../packages/stream/src/store/client.js';
import { saveInventory } from '../../../packages/stream/src/store/inventory.js';
import { migrate } from '../../../packages/stream/src/store/migrate.js';
import { defaultSettings } from '../../../packages/stream/src/store/settings.js';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { take } from './_samples.js';

const text = await readFile(new URL('../../../docs/sql.md', import.meta.url), 'utf8');
const queries = [...text.matchAll(/^(.*):\n\n```sql\n([\s\S]*?)```/gm)].map(([, title, sql]) => ({ title: title!, sql: sql! }));

let engine: TestEngine;
let db: Database;

beforeAll(async () => {
  engine = await startTestEngine();
  db = openDatabase({ ...engine, database: 'vacancy' });
  await migrate(db, defaultSettings({ timezone: 'Europe/Berlin' }));
  const start = Date.now() - 200 * MINUTE;
  const list = take(600, { servers: 3, cards: 2, interval_ms: MINUTE, start });
  for (const sample of list) {
    // To the millisecond: five minutes are five minutes here.
    sample.ts = start + sample.seq * MINUTE;
    // One card is held without work, by two people.
    Object.assign(sample.gpus[1]!, { memory_used: 20 * 2 ** 30, utilization: 0, processes: [{ pid: 1, user: 'ann' }, { pid: 2, user: 'bob' }] });
  }
  await insertSamples(db, list, defaultSettings().idle, { token: 'docs' });
  await saveInventory(db, {
    v: 1, server: 'gpu001', name: 'one', memory_limit: 1, hdd_total: 1, gpu_num: 2,
    gpus: [0, 1].map((gpu_id) => ({ gpu_id, gpu_type: 'TITAN Xp', gpu_memory_limit: 1 })),
  }, Date.now());
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

describe('docs/sql.md', () => {
  it('has ten queries', () => expect(queries).toHaveLength(10));

  it.each(queries)('answers: $title', async ({ sql }) => {
    expect((await db.rows(sql)).length).toBeGreaterThan(0);
  });

  it('names every table and view', async () => {
    const tables = await db.rows<{ name: string }>("SELECT name FROM system.tables WHERE database = 'vacancy' AND engine != 'MaterializedView'");
    const named = (name: string) => text.includes(name) || text.includes(`_${name.split('_').at(-1)}\``) || text.includes(`\`_${name.split('_').at(-1)}\``);
    const ours = tables.filter(({ name }) => !/^(recommendation|report)/.test(name));
    expect(ours.filter(({ name }) => !named(name))).toEqual([]);
  });

  it.each(['servers_by_day', 'gpus_by_day', 'users_by_day', 'server_samples', 'gpu_samples'])('names every column of %s', async (view) => {
    const columns = await db.rows<{ name: string }>("SELECT name FROM system.columns WHERE database = 'vacancy' AND table = {view:String}", { view });
    expect(columns.length).toBeGreaterThan(4);
    expect(columns.filter(({ name }) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('the contract', () => {
  const SERVERS = 'bucket, server, samples, observed_s, coverage, cpu_mean, cpu_median, cpu_min, cpu_max, memory_used_avg, memory_used_max, memory_total, hdd_used_avg, hdd_total, network_up_total, network_down_total, user_num_max, idle_rate_free8g, idle_rate_used10pct';
  const GPUS = 'bucket, server, gpu, gpu_type, samples, observed_s, utilization_mean, memory_used_avg, memory_used_max, memory_total, idle_rate_free8g, idle_rate_used10pct';
  const LEVELS = ['minute', 'hour', 'day', 'week', 'month', 'year'];
  it.each([
    ...LEVELS.map((level) => [`servers_by_${level}`, SERVERS]),
    ...LEVELS.map((level) => [`gpus_by_${level}`, GPUS]),
    ...['hour', 'day', 'month'].map((level) => [`users_by_${level}`, 'bucket, user, gpu_hours, gpu_hours_fair, idle_hours']),
  ])('%s has its columns and one row per bucket', async (view, columns) => {
    const rows = await db.rows<Record<string, unknown>>(`SELECT ${columns} FROM ${view}`);
    const keys = rows.map((row) => [row['bucket'], row['server'], row['gpu'], row['user']].join());
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(keys).size).toBe(rows.length);
  });

  it('counts users on a shared card whole, fair, and idle', async () => {
    const rows = await db.rows<{ user: string; gpu_hours: number; gpu_hours_fair: number; idle_hours: number }>(
      'SELECT user, sum(gpu_hours) AS gpu_hours, sum(gpu_hours_fair) AS gpu_hours_fair, sum(idle_hours) AS idle_hours FROM users_by_day GROUP BY user ORDER BY user',
    );
    expect(rows.map(({ user }) => user)).toEqual(['ann', 'bob']);
    for (const row of rows) {
      expect(row.gpu_hours).toBeCloseTo(10, 6);
      expect(row.gpu_hours_fair).toBeCloseTo(5, 6);
      // The first four minutes of each of three servers are not yet five minutes of idleness.
      expect(row.idle_hours).toBeCloseTo(5 - (3 * 4) / 60 / 2, 6);
    }
  });

  it('has the idle rate of a server as the mean over its cards', async () => {
    const [row] = await db.rows<{ own: number; mean: number }>(
      `SELECT (SELECT avg(idle_rate_free8g) FROM servers_by_year WHERE server = 'gpu001') AS own, (SELECT avg(idle_rate_free8g) FROM gpus_by_year WHERE server = 'gpu001') AS mean`,
    );
    expect(row!.own).toBeCloseTo(row!.mean, 12);
  });
});
