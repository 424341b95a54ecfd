import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { openDatabase, type Database } from '../../../packages/stream/src/store/client.js';
import { insertSamples } from '../../../packages/stream/src/store/bulk.js';
import type { Sample } from '@vacancy/shared';
import { MigrationError, SQL_DIRECTORY, migrate, readMigrations } from '../../../packages/stream/src/store/migrate.js';
import { rebuild } from '../../../packages/stream/src/store/rebuild.js';
import { DEFAULT_RETENTION, defaultSettings } from '../../../packages/stream/src/store/settings.js';
import { splitStatements } from '../../../packages/stream/src/store/statements.js';
import { take } from './_samples.js';

const ALL = await readMigrations();
const SERVER_ONLY = ALL.filter(({ sql }) => sql.startsWith('-- @only server'));
/** What the embedded engine gets. */
const FILES = ALL.filter((file) => !SERVER_ONLY.includes(file)).map(({ name }) => name);
/** Each file that was the last one once; those before came together. */
const VERSIONS = FILES.filter((name) => name >= '006_sample_views.sql');

let folder: string;
let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  folder = await mkdtemp(path.join(tmpdir(), 'vacancy-migrate-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const open = (database: string) => openDatabase({ ...engine, database });

/** A folder with the files of a version. */
async function upTo(name: string): Promise<string> {
  const target = path.join(folder, name);
  await mkdir(target, { recursive: true });
  for (const file of FILES.filter((one) => one <= name)) await copyFile(path.join(SQL_DIRECTORY, file), path.join(target, file));
  return target;
}

describe('migrations', () => {
  it('apply each file once', async () => {
    await using db = open('twice');
    const settings = defaultSettings({ timezone: 'Asia/Kathmandu' });
    expect((await migrate(db, settings))[0]).toBe('001_samples.sql');
    expect(await migrate(db, settings)).toEqual([]);
  });

  it.each(VERSIONS)('bring a database with data that was made up to %s to this version', async (name) => {
    await using db = open(`up_to_${name.slice(0, 3)}`);
    const settings = defaultSettings({ timezone: 'Asia/Kathmandu' });
    const before = await upTo(name);
    await migrate(db, settings, before);
    const list = take(2000, { servers: 4, cards: 2, interval_ms: 60_000 });
    await insertSamples(db, list.slice(0, 1000), settings.idle, { token: 'before' });
    expect(await migrate(db, settings)).toEqual(FILES.filter((file) => file > name));
    await insertSamples(db, list.slice(1000), settings.idle, { token: 'after' });
    const [sums] = await db.rows(`SELECT (SELECT count() FROM server_samples) AS raw, (SELECT count() FROM gpu_samples) AS cards,
      (SELECT sum(samples) FROM servers_by_minute) AS minute, (SELECT sum(samples) FROM servers_by_day) AS day, (SELECT sum(samples) FROM gpus_by_year) AS gpus`);
    expect(sums).toEqual({ raw: 2000, cards: 4000, minute: 2000, day: 2000, gpus: 4000 });
  });

  it('give what was stored without it the observed time for its rates, also where samples came late', async () => {
    await using db = open('known_time');
    const settings = defaultSettings({ timezone: 'Asia/Kathmandu' });
    await migrate(db, settings, await upTo('006_sample_views.sql'));
    const list = take(1000, { servers: 1, cards: 1, interval_ms: 60_000 });
    const late = (_: unknown, i: number) => i % 7 === 3;
    // A table without the columns leaves them out: these are the rows of the version before.
    await insertSamples(db, [...list.filter((sample, i) => !late(sample, i)), ...list.filter(late)], settings.idle, { token: 'before' });
    await migrate(db, settings);
    const known = () => Promise.all(['samples', 'server_samples', 'servers_minute', 'servers_hour', 'servers_day'].map(async (table) =>
      (await db.rows<{ up: number; down: number }>(`SELECT sum(network_up_known_ms) AS up, sum(network_down_known_ms) AS down FROM ${table}`))[0]));
    const all = { up: 60_000 * list.length, down: 60_000 * list.length };
    expect(await known()).toEqual([all, all, all, all, all]);
    // The arrays of the old rows are as long as those beside them: archives can be made anew.
    await rebuild(db, settings, {}, () => {});
    expect(await known()).toEqual([all, all, all, all, all]);

    // What is stored from now on has its own time, also when archives are made anew: of another server two samples, ten minutes apart.
    const [first] = list as [Sample];
    const ten = [first, { ...first, seq: 2, ts: first.ts + 600_000, uptime_s: first.uptime_s + 600 }].map((sample) => ({ ...sample, server: 'later' }));
    await insertSamples(db, ten, settings.idle, { token: 'after' });
    const more = { up: all.up + 600_000, down: all.down + 600_000 };
    expect(await known()).toEqual([more, more, more, more, more]);
    await rebuild(db, settings, {}, () => {});
    expect(await known()).toEqual([more, more, more, more, more]);
  });

  it('take what a version wrote that knew no times beside corrections', async () => {
    await using db = open('old_block');
    await migrate(db, defaultSettings({ timezone: 'UTC' }));
    const ts = new Date(Date.now() - 3_600_000).toISOString().replace('T', ' ').replace('Z', '');
    const corrections = Object.entries({ ts: [ts, ts], boot_id: ['b', 'b'], seq: [3, 4], network_down_bytes: [-5, 1], network_up_bytes: [-7, 2] });
    await db.insert('samples', [{ server: 's', ts, boot_id: 'b', seq: 2, received_ts: ts, interval_ms: 1000, ...Object.fromEntries(corrections.map(([name, of]) => [`corrections.${name}`, of])) }]);
    expect(await db.rows('SELECT sum(network_up_bytes) AS up, sum(network_up_known_ms) AS ms FROM network_corrections')).toEqual([{ up: -5, ms: 0 }]);
    expect(await db.rows('SELECT sum(network_up_total) AS up, sum(network_up_known_ms) AS ms FROM servers_minute')).toEqual([{ up: -5, ms: 1000 }]);
  });

  it.each(SERVER_ONLY)('for a real server are at least understood: $name', async ({ sql }) => {
    await using db = open('system');
    for (const statement of splitStatements(sql.replaceAll('{database}', 'vacancy'))) {
      const [row] = await db.rows<{ text: string }>('SELECT formatQuerySingleLine({statement:String}) AS text', { statement });
      expect(row!.text).toMatch(/^(?:CREATE|ALTER|GRANT) /);
    }
  });

  it('go on without users where the account may not make them', async () => {
    await using db = open('denied');
    // The embedded engine refuses users as a server does that does not let this account make them.
    const server: Database = { ...db, rows: async <T>(sql: string, ...rest: unknown[]) => (sql.includes('serverUUID') ? ([{ server: 'a-server' }] as T[]) : db.rows<T>(sql, ...(rest as []))) };
    const refused: string[] = [];
    expect(await migrate(server, defaultSettings(), undefined, (name) => refused.push(name))).toEqual(FILES);
    expect(refused).toEqual(SERVER_ONLY.map(({ name }) => name));
  });

  it('refuse another time zone with a sentence that names the way out', async () => {
    await using db = open('zones');
    await migrate(db, defaultSettings({ timezone: 'UTC' }));
    const other = migrate(db, defaultSettings({ timezone: 'Europe/Berlin' }));
    await expect(other).rejects.toThrow(MigrationError);
    await expect(other).rejects.toThrow('vacancy rebuild');
  });

  it('set and remove what is kept of each level', async () => {
    await using db = open('kept');
    const ttl = async (table: string) => {
      const [row] = await db.rows<{ engine_full: string }>("SELECT engine_full FROM system.tables WHERE database = 'kept' AND name = {table:String}", { table });
      return / TTL (.*?) SETTINGS/.exec(row!.engine_full)?.[1];
    };
    await migrate(db, defaultSettings());
    expect(await ttl('servers_minute')).toBe('toDateTime(bucket) + toIntervalDay(90)');
    expect(await ttl('servers_day')).toBeUndefined();
    await migrate(db, defaultSettings({ retention: { ...DEFAULT_RETENTION, minute_days: null, day_days: 3650 } }));
    expect(await ttl('servers_minute')).toBeUndefined();
    expect(await ttl('servers_day')).toBe('toDateTime(bucket) + toIntervalDay(3650)');
    // Beyond the end of a DateTime everything would be gone at once.
    await migrate(db, defaultSettings({ retention: { ...DEFAULT_RETENTION, minute_days: 36_500 } }));
    expect(await ttl('servers_minute')).toBeUndefined();
  });

  it('keep what is stored for longer, too, when more is to be kept', async () => {
    await using db = open('longer');
    const keep = (minute_days: number) => migrate(db, defaultSettings({ retention: { ...DEFAULT_RETENTION, minute_days } }));
    await keep(1);
    const goes = Math.floor(Date.now() / 1000) + 5;
    await db.insert('servers_minute', [{ server: 'a', bucket: goes - 86_400, samples: 1 }]);
    await keep(30);
    await new Promise((resolve) => setTimeout(resolve, 1000 * goes + 1500 - Date.now()));
    await db.command('OPTIMIZE TABLE servers_minute FINAL');
    expect(await db.rows('SELECT sum(samples) AS n FROM servers_minute')).toEqual([{ n: 1 }]);
  });
});
