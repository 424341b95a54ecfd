import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, type Sample } from '@vacancy/shared';
import { silentLog } from '../../../packages/stream/src/log.js';
import { insertSamples } from '../../../packages/stream/src/store/bulk.js';
import { openDatabase, type Database } from '../../../packages/stream/src/store/client.js';
import { migrate } from '../../../packages/stream/src/store/migrate.js';
import { FLEET_SERIES_FIELDS, fleetSeries } from '../../../packages/stream/src/store/queries/fleet.js';
import { GPU_SERIES_FIELDS, SERIES_FIELDS, SeriesFieldError, serverSeries } from '../../../packages/stream/src/store/queries/series.js';
import { changeTimezone } from '../../../packages/stream/src/store/rezone.js';
import { rebuild } from '../../../packages/stream/src/store/rebuild.js';
import { defaultSettings } from '../../../packages/stream/src/store/settings.js';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { startOfHour, take } from './_samples.js';

const settings = defaultSettings({ timezone: 'Asia/Kathmandu' });
const start = startOfHour() - 2 * DAY;
let engine: TestEngine;
let db: Database;
let list: Sample[];

beforeAll(async () => {
  engine = await startTestEngine({ log: silentLog });
  db = openDatabase({ ...engine, database: 'queries' });
  await migrate(db, settings);
  list = take(3 * 60 * 50, { servers: 3, cards: 2, interval_ms: MINUTE, start });
  await insertSamples(db, list, settings.idle, { token: 'history' });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const of = (server: string) => list.filter((sample) => sample.server === server);

describe('series of a server', () => {
  const all = [...SERIES_FIELDS, 'gpu.0.memory_used', ...GPU_SERIES_FIELDS.map((name) => `gpu.1.${name}`)];

  it.each([['samples', HOUR], ['minutes', 12 * HOUR], ['hours', 40 * DAY], ['days', 800 * DAY]])('come from the %s, every column as long as ts', async (_, length) => {
    const to = start + 2 * DAY;
    const series = await serverSeries(db, settings, { server: 'gpu001', fields: all, from: to - length, to });
    expect(Object.keys(series)).toEqual(['ts', ...all]);
    for (const column of Object.values(series)) expect(column).toHaveLength(series.ts.length);
    expect(series.ts.length).toBeLessThanOrEqual(1001);
    for (const name of all) expect(series[name]!.some((value) => value !== null), name).toBe(true);
  });

  it('have the samples own values at their width', async () => {
    const own = of('gpu002').slice(0, 30);
    const series = await serverSeries(db, settings, { server: 'gpu002', fields: ['cpu', 'gpu.1.utilization'], from: own[0]!.ts, to: own.at(-1)!.ts + 1 });
    expect(series['cpu']!.filter((value) => value !== null)).toEqual(own.map((sample) => sample.cpu));
    expect(series['gpu.1.utilization']!.filter((value) => value !== null)).toEqual(own.map((sample) => sample.gpus[1]!.utilization));
  });

  it('are null where nothing was observed', async () => {
    const series = await serverSeries(db, settings, { server: 'gpu001', fields: ['cpu'], from: start - HOUR, to: start });
    expect(series['cpu']!.every((value) => value === null)).toBe(true);
  });

  it('refuse a field that there is not', async () => {
    await expect(serverSeries(db, settings, { server: 'gpu001', fields: ['gpu.0.cpu'], from: 0, to: 1 })).rejects.toThrow(SeriesFieldError);
    await expect(serverSeries(db, settings, { server: 'gpu001', fields: ['cpu; DROP TABLE samples'], from: 0, to: 1 })).rejects.toThrow(SeriesFieldError);
  });
});

describe('rates of the network', () => {
  const SILENT = [60, 120];
  const KNOWN_MS = 179 * MINUTE;
  let silent: Database;
  beforeAll(async () => {
    silent = openDatabase({ ...engine, database: 'silent' });
    await migrate(silent, settings);
    // A steady thousand bytes a second up and two thousand down, read once a minute, in the second hour not at all.
    const samples: Sample[] = Array.from({ length: 180 }, (_, minute) => {
      const uptime_s = 1000 + 60 * minute;
      return {
        ...of('gpu001')[0]!, boot_id: 'one', seq: minute + 1, ts: start + minute * MINUTE + 500, interval_ms: MINUTE, uptime_s,
        network_out: 1000 * uptime_s, network_in: 2000 * uptime_s,
      };
    }).filter((_, minute) => minute < SILENT[0]! || minute >= SILENT[1]!);
    // Some come after those behind them, the last one that ends the silence with them.
    const late = new Set([1, 50, 60, 61, 100]);
    await insertSamples(silent, [...samples.filter((_, i) => !late.has(i)), ...samples.filter((_, i) => late.has(i))], settings.idle, { token: 'silent' });
  });
  afterAll(() => silent[Symbol.asyncDispose]());

  // Of what the first sample grew from nothing is known. Hours are those of a zone that is 45 minutes off.
  it.each([['samples', 30_000, 119], ['minutes', MINUTE, 119], ['ten minutes', 10 * MINUTE, 12], ['hours', HOUR, 4]])('are no peak where a silence ends: from %s', async (_, step, points) => {
    const request = { from: start, to: start + 3 * HOUR, step, fields: ['network_up', 'network_down'] };
    const own = await serverSeries(silent, settings, { server: 'gpu001', ...request });
    const fleet = await fleetSeries(silent, settings, request);
    for (const [name, rate] of [['network_up', 1000], ['network_down', 2000]] as const) {
      const told = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
      expect(told(own[name]!)).toHaveLength(points);
      expect(new Set([...told(own[name]!), ...told(fleet[name]!)])).toEqual(new Set([rate]));
    }
  });

  it.each(['servers_minute', 'servers_hour', 'servers_day'])('leave totals whole: %s', async (table) => {
    expect(await silent.rows(`SELECT sum(network_up_total) AS up, sum(network_down_total) AS down, sum(network_up_known_ms) AS up_ms, sum(network_down_known_ms) AS down_ms FROM ${table}`))
      .toEqual([{ up: KNOWN_MS, down: 2 * KNOWN_MS, up_ms: KNOWN_MS, down_ms: KNOWN_MS }]);
  });
});

describe('series of the fleet', () => {
  it.each([['minutes', 6 * HOUR], ['hours', 40 * DAY], ['days', 800 * DAY]])('come from the %s', async (_, length) => {
    const to = start + 2 * DAY;
    const series = await fleetSeries(db, settings, { fields: FLEET_SERIES_FIELDS, from: to - length, to });
    for (const name of FLEET_SERIES_FIELDS) expect(series[name]!.some((value) => value !== null), name).toBe(true);
    expect(series['gpu_num']!.find((value) => value !== null)).toBe(6);
  });

  it('add up the servers', async () => {
    const at = list.slice(300, 303);
    const from = Math.floor(at[0]!.ts / MINUTE) * MINUTE;
    const series = await fleetSeries(db, settings, { fields: ['memory_used', 'cpu'], from, to: from + MINUTE });
    expect(series['memory_used']).toEqual([at.reduce((sum, sample) => sum + sample.memory_used, 0)]);
    expect(series['cpu']![0]).toBeCloseTo(at.reduce((sum, sample) => sum + sample.cpu, 0) / 3, 9);
  });
});

describe('archives', () => {
  it('have medians within half a percentage point of the exact ones', async () => {
    const rows = await db.rows<{ server: string; bucket: string; cpu_median: number; from: number; to: number }>(
      'SELECT server, cpu_median, toUnixTimestamp(bucket) * 1000 AS "from", toUnixTimestamp(addDays(bucket, 1)) * 1000 AS "to" FROM servers_by_day',
    );
    expect(rows.length).toBeGreaterThan(6);
    for (const { server, cpu_median, from, to } of rows) {
      const values = of(server).filter(({ ts }) => ts >= from && ts < to).map(({ cpu }) => cpu).sort((a, b) => a - b);
      const exact = (values[Math.floor((values.length - 1) / 2)]! + values[Math.ceil((values.length - 1) / 2)]!) / 2;
      expect(Math.abs(cpu_median - exact)).toBeLessThanOrEqual(0.5);
    }
  });

  it('are the same after they were made anew, whatever was in them before', async () => {
    const figures = () => Promise.all(['servers_by_minute', 'servers_by_hour', 'servers_by_day', 'gpus_by_hour', 'gpus_by_day', 'users_by_day'].map((view) =>
      db.rows(`SELECT * FROM ${view} ORDER BY ALL`)));
    const before = await figures();
    await db.command("DELETE FROM servers_minute WHERE server = 'gpu001'");
    await db.command("DELETE FROM gpus_day WHERE server = 'gpu002'");
    const seen: number[] = [];
    await rebuild(db, settings, {}, ({ done, total }) => seen.push(done / total));
    expect(seen.at(-1)).toBe(1);
    const after = await figures();
    after.forEach((rows, i) => expect(rows).toHaveLength(before[i]!.length));
    expect(await db.rows('SELECT sum(samples) AS n FROM servers_day')).toEqual([{ n: list.length }]);
    expect(after[2]![0]).toMatchObject({ samples: (before[2]![0] as { samples: number }).samples, cpu_median: (before[2]![0] as { cpu_median: number }).cpu_median });
  }, 240_000);

  it('move to another time zone with every sample', async () => {
    const other = defaultSettings({ timezone: 'America/New_York' });
    await changeTimezone(db, other);
    await expect(migrate(db, other)).resolves.toEqual([]);
    expect(await db.rows('SELECT sum(samples) AS n FROM servers_by_day')).toEqual([{ n: list.length }]);
    expect(await db.rows('SELECT sum(samples) AS n FROM gpus_by_month')).toEqual([{ n: 2 * list.length }]);
    const starts = await db.rows<{ hour: number }>("SELECT DISTINCT toHour(bucket) AS hour, timeZoneOf(bucket) AS zone FROM servers_by_day");
    expect(starts).toEqual([{ hour: 0, zone: 'America/New_York' }]);
  }, 240_000);
});
