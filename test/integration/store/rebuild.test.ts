import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClickHouseError } from '@clickhouse/client';
import { DAY, MINUTE, systemClock } from '@vacancy/shared';
import { silentLog } from '../../../packages/stream/src/log.js';
import { insertSamples } from '../../../packages/stream/src/store/bulk.js';
import { openDatabase, type Database } from '../../../packages/stream/src/store/client.js';
import { canRemake, keptSince } from '../../../packages/stream/src/store/kept.js';
import { LEVELS, localDays, remake } from '../../../packages/stream/src/store/levels.js';
import { migrate } from '../../../packages/stream/src/store/migrate.js';
import { finishRebuild, rebuild } from '../../../packages/stream/src/store/rebuild.js';
import { changeTimezone, refuseHalfMoved } from '../../../packages/stream/src/store/rezone.js';
import { defaultSettings, DEFAULT_RETENTION } from '../../../packages/stream/src/store/settings.js';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { startOfHour, take } from './_samples.js';

const settings = defaultSettings({ timezone: 'Asia/Kathmandu' });
/** With which no day may be judged by its samples any more. */
const brief = { ...settings, retention: { ...DEFAULT_RETENTION, raw_days: 1 } };
const start = startOfHour() - 5 * DAY;
let engine: TestEngine;
let db: Database;
let count = 0;

beforeAll(async () => {
  engine = await startTestEngine({ log: silentLog });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});
beforeEach(async () => {
  db = openDatabase({ ...engine, database: `rebuild_${++count}` });
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
});

async function filled(kept = settings): Promise<void> {
  await migrate(db, kept);
  await insertSamples(db, take(2 * 6 * 50, { servers: 2, cards: 2, interval_ms: 10 * MINUTE, start }), settings.idle, { token: 'history' });
}

const VIEWS = ['servers_by_minute', 'servers_by_hour', 'servers_by_day', 'gpus_by_minute', 'gpus_by_hour', 'gpus_by_day', 'users_by_hour', 'users_by_day'];
const figures = () => Promise.all(VIEWS.map((view) => db.rows(`SELECT * FROM ${view} ORDER BY ALL`)));
const leftAside = () => db.rows<{ name: string }>("SELECT name FROM system.tables WHERE database = {db:String} AND match(name, '_remade')", { db: db.name });
const level = (name: string) => LEVELS.find(({ table }) => table === name)!;

/** A database whose engine is gone from the `nth` statement of this form on, until `back` others were tried. */
function killedAt(form: RegExp, { nth = 1, back = Infinity } = {}): Database {
  let seen = 0;
  let refused = 0;
  return {
    ...db, name: db.name, rows: (...query) => db.rows(...query),
    command: (sql, ...rest) => {
      if (form.test(sql)) seen++;
      if (seen < nth || refused >= back) return db.command(sql, ...rest);
      refused++;
      return Promise.reject(back < Infinity ? new Error('the connection is lost') : new ClickHouseError({ message: 'killed', code: '394', type: 'QUERY_WAS_CANCELLED' }));
    },
  };
}

describe('a rebuild that is cut off', () => {
  const at = (table: string) => [
    new RegExp(`^CREATE TABLE ${table}_remade`), new RegExp(`^INSERT INTO ${table}_remade`), new RegExp(`^RENAME TABLE ${table}_remade`),
    new RegExp(`^DELETE FROM ${table} `), new RegExp(`^ALTER TABLE ${table} ATTACH`), new RegExp(`^DROP TABLE ${table}_remade_`),
  ];

  it.each(at('servers_hour'))('at "%s", and once more while it is finished, leaves every figure as it was', async (form) => {
    await filled();
    const before = await figures();
    await expect(rebuild(killedAt(form), settings, { tables: ['servers_hour'] }, () => {})).rejects.toThrow('killed');
    for (const again of at('servers_hour')) await finishRebuild(killedAt(again), settings, Date.now()).catch(() => {});
    await finishRebuild(db, settings, Date.now());
    expect(await figures()).toEqual(before);
    expect((await leftAside()).filter(({ name }) => name !== 'servers_hour_remade')).toEqual([]);
  });

  it('on several days and levels is finished on all of them', async () => {
    await filled();
    const before = await figures();
    for (const day of await localDays(db, settings.timezone, start, start + DAY)) {
      for (const table of ['servers_hour', 'servers_minute']) await remake(killedAt(new RegExp(`^ALTER TABLE ${table} ATTACH`)), level(table), day).catch(() => {});
    }
    expect(await figures()).not.toEqual(before);
    expect(await finishRebuild(db, settings, Date.now())).toHaveLength(4);
    expect(await figures()).toEqual(before);
  });

  it('is finished with what was made when that could not be made any more', async () => {
    await filled();
    const before = await figures();
    const [day] = await localDays(db, settings.timezone, start, start);
    await expect(remake(killedAt(/^ALTER TABLE servers_minute ATTACH/), level('servers_minute'), day!)).rejects.toThrow('killed');
    await db.command('TRUNCATE TABLE samples');
    await finishRebuild(db, brief, Date.now());
    expect(await figures()).toEqual(before);
    expect(await leftAside()).toEqual([]);
  });

  it('after it was swapped in puts nothing back over what came since', async () => {
    await filled();
    const [day] = await localDays(db, settings.timezone, start, start);
    await expect(remake(killedAt(/^DROP TABLE servers_minute_remade_/), level('servers_minute'), day!)).rejects.toThrow('killed');
    await insertSamples(db, take(10, { servers: 1, cards: 2, interval_ms: MINUTE, start: start + 5 * MINUTE }).map((sample) => ({ ...sample, server: 'another' })), settings.idle, { token: 'late' });
    const before = await figures();
    await db.command('TRUNCATE TABLE samples');
    await finishRebuild(db, brief, Date.now());
    expect(await figures()).toEqual(before);
    expect(await leftAside()).toEqual([]);
  });

  it('by an engine that is back within seconds goes on by itself', async () => {
    await filled();
    const before = await figures();
    await rebuild(killedAt(/^ALTER TABLE gpus_day ATTACH/, { back: 2 }), settings, { tables: ['gpus_day'] }, () => {});
    expect(await figures()).toEqual(before);
    expect(await leftAside()).toEqual([]);
  });
});

describe('a move to another time zone', () => {
  const to = (timezone: string) => defaultSettings({ timezone });
  const samplesIn = async (table: string) => (await db.rows<{ n: number }>(`SELECT sum(samples) AS n FROM ${table}`))[0]!.n;
  const before = async () => (await db.rows<{ name: string }>("SELECT name FROM system.tables WHERE database = {db:String} AND match(name, '^servers_day_before') ORDER BY name", { db: db.name })).map(({ name }) => name);

  it('after another one keeps what was there before either', async () => {
    await filled();
    await changeTimezone(db, to('America/New_York'), undefined, { ...systemClock, now: () => 1_790_000_000_000 });
    await changeTimezone(db, to('Europe/Berlin'));
    const kept = await before();
    expect(kept).toHaveLength(2);
    for (const table of ['servers_day', ...kept]) expect(await samplesIn(table)).toBe(2 * 6 * 50);
  });

  it.each([/^DROP VIEW servers_by_day /, /^RENAME TABLE servers_day /, /^DELETE FROM migrations/, /^CREATE MATERIALIZED VIEW IF NOT EXISTS servers_day_mv/, /^INSERT INTO servers_day_remade/])(
    'cut off at "%s" is refused by a start, and goes on when it is asked for again', async (form) => {
      await filled();
      await expect(changeTimezone(killedAt(form), to('America/New_York'))).rejects.toThrow('killed');
      await expect(refuseHalfMoved(db)).rejects.toThrow('America/New_York');
      await changeTimezone(db, to('America/New_York'));
      await refuseHalfMoved(db);
      const kept = await before();
      expect(kept).toHaveLength(1);
      for (const table of ['servers_by_day', 'servers_day', ...kept]) expect(await samplesIn(table)).toBe(2 * 6 * 50);
    });
});

describe('archives whose samples are gone', () => {
  it('stay as they are when the samples go only after more of them are to be kept', async () => {
    // Kept for seven days when they came, for thirty from the eighth on; what is there of the days between may be a part of them.
    const kept = defaultSettings({ timezone: 'Asia/Kathmandu', retention: { ...DEFAULT_RETENTION, raw_days: 30 } });
    await filled();
    const now = Date.now();
    const at = (ts: number) => ({ from: ts / 1000, to: (ts + DAY) / 1000 });
    await migrate(db, kept);
    const may = async (later: number, age: number) => canRemake(level('servers_minute'), at(now + later - age), await keptSince(db, kept, now + later));
    expect(await may(DAY, 5 * DAY)).toBe(true);
    expect(await may(DAY, 8 * DAY)).toBe(false);
    expect(await may(10 * DAY, 9 * DAY)).toBe(true);
    expect(await may(10 * DAY, 11 * DAY)).toBe(false);
    expect(await may(40 * DAY, 29 * DAY)).toBe(true);
    expect(await may(40 * DAY, 31 * DAY)).toBe(false);
  });

  it('stay as they are, also when samples are kept for longer from now on', async () => {
    await filled(brief);
    await db.command('TRUNCATE TABLE samples');
    const before = await figures();
    const skipped: string[] = [];
    await rebuild(db, settings, {}, (progress) => progress.skipped && skipped.push(progress.table));
    expect(await figures()).toEqual(before);
    expect(new Set(skipped)).toEqual(new Set(['network_corrections', 'gpus_minute', 'servers_minute', 'users_quarter']));
  });
});
