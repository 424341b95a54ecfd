import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiskForecast, Period, Report, ReportFigures } from '../../../packages/shared/src/index.js';
import { buildReport } from '../../../packages/stream/src/reports/build.js';
import { parseStart, previousSpan, spanAt, type Span } from '../../../packages/stream/src/reports/period.js';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { openArchive, type Archive } from './archive.js';
import { history, type Arrived, type Member } from './fleet.js';
import { book, busiest, byServer, calendar, datesOf, diskLine, figures, groupRows, hoursOfUsers, lengthOf, meanCpu, type Local, type OracleRow } from './oracle.js';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

const at = (text: string): number => Date.parse(text);

// Zones with the stretch of raw samples they are shown for and the reports that are recomputed from it.
const CASES: { timezone: string; database: string; from: string; to: string; interval_ms: number; reports: [Period, string][] }[] = [
  { timezone: 'Asia/Shanghai', database: 'shanghai', from: '2026-12-26', to: '2027-01-06', interval_ms: 300_000, reports: [['day', '2026-12-31'], ['week', '2026-12-28'], ['month', '2026-12-01'], ['year', '2026-01-01'], ['year', '2027-01-01']] },
  { timezone: 'America/New_York', database: 'new_york_spring', from: '2026-02-26', to: '2026-03-17', interval_ms: 300_000, reports: [['day', '2026-03-08'], ['day', '2026-03-09'], ['week', '2026-03-02'], ['week', '2026-03-09'], ['month', '2026-02-01'], ['month', '2026-03-01']] },
  { timezone: 'America/New_York', database: 'new_york_autumn', from: '2026-10-24', to: '2026-11-10', interval_ms: 300_000, reports: [['day', '2026-11-01'], ['week', '2026-10-26'], ['week', '2026-11-02'], ['month', '2026-11-01']] },
  { timezone: 'Asia/Kolkata', database: 'kolkata', from: '2028-01-27', to: '2028-03-03', interval_ms: 600_000, reports: [['day', '2028-02-29'], ['week', '2028-02-28'], ['month', '2028-02-01'], ['year', '2028-01-01']] },
  { timezone: 'Asia/Kathmandu', database: 'kathmandu', from: '2026-04-28', to: '2026-05-04', interval_ms: 300_000, reports: [['day', '2026-04-30'], ['month', '2026-04-01']] },
];

/** A fleet in which one is steady, one loses samples, one appears, one vanishes, one's clock runs ahead and one's behind. */
const fleet = (from: number, to: number, interval_ms: number): Member[] => [
  { server: 'steady', cards: 4, from, to, interval_ms, seed: 1 },
  { server: 'lossy', cards: 2, from, to, interval_ms: interval_ms / 2, lost: 0.2, seed: 2 },
  { server: 'appears', cards: 3, from: from + 0.6 * (to - from) + 12_345, to, interval_ms, seed: 3 },
  { server: 'vanishes', cards: 1, from, to: from + 0.55 * (to - from), interval_ms, diligent: true, seed: 4 },
  { server: 'ahead', cards: 1, from, to, interval_ms, clock_off_ms: 3 * 86_400_000, seed: 5 },
  { server: 'behind', cards: 0, from, to, interval_ms, clock_off_ms: -7_200_000, seed: 6 },
];

describe.each(CASES)('in $timezone from $from', ({ timezone, database, from, to, interval_ms, reports }) => {
  let archive: Archive;
  let local: (ts: number) => Local;
  let rows: OracleRow[];
  beforeAll(async () => {
    archive = await openArchive(engine, database, timezone);
    const arrived: Arrived[] = fleet(at(from), at(to), interval_ms).flatMap((member) => [...history(member)]);
    // As they arrive: all servers in turn, and a tenth of one server's samples a while after their time. (What was held for nothing
    // is judged on arrival, by what is known then: the server that is late wastes nothing.)
    const late = arrived.filter((sample, i) => sample.server === 'vanishes' && i % 10 === 3).map((sample) => ({ ...sample, received_ts: sample.received_ts + 40 * 60_000 }));
    const keys = new Set(late.map((sample) => `${sample.boot_id}/${sample.seq}`));
    const stream = [...arrived.filter((sample) => !keys.has(`${sample.boot_id}/${sample.seq}`)), ...late].sort((a, b) => a.received_ts - b.received_ts);
    await archive.insert(stream);
    local = calendar(timezone);
    rows = book(stream, local);
  });
  afterAll(() => archive[Symbol.asyncDispose]());

  it.each(reports)('the report of %s %s says of every figure what the raw samples say', async (period, start) => {
    const span = named(period, start, timezone);
    const report = await buildReport(archive.db, span, span.to + 600_000);
    const dates = datesOf(period, start);
    const own = rows.filter((row) => dates.has(row.local.date));
    const { from, to } = lengthOf(dates, local);
    expect([span.from, span.to]).toEqual([from, to]);
    expectReport(report, own, rows, { from, to });
    expectPrevious(report, previousSpan(span), rows, local);
  });
});

function expectReport(report: Report, own: OracleRow[], all: OracleRow[], { from, to }: { from: number; to: number }): void {
  const length = to - from;
  const whole = figures(own, length);
  expectFigures(report.fleet, whole);
  expect(report.coverage).toBe(report.fleet.coverage);
  expect(report.general.server_num).toBe(new Set(own.map((row) => row.server)).size);
  expect(report.general.gpu_num).toBe(whole.cards.length);

  const hours = hoursOfUsers(own);
  expect(report.general.user_num).toBe(hours.size);
  expect(new Map(report.users.map((user) => [user.user, user.gpu_hours]))).toEqual(near([...hours].map(([user, row]) => [user, row.gpu_hours])));
  for (const user of report.users) {
    const { gpu_hours_fair, idle_hours } = hours.get(user.user)!;
    close(user.gpu_hours_fair, gpu_hours_fair);
    close(user.idle_hours, idle_hours);
    for (const key of ['gpu_hours', 'gpu_hours_fair', 'idle_hours'] as const) close(user[key], user.servers.reduce((sum, server) => sum + server[key], 0));
  }

  const days = new Set(own.map((row) => row.local.date)).size;
  close(report.fleet.network_up_daily_avg, Math.round(whole.network_up_total / days));
  close(report.fleet.network_down_daily_avg, Math.round(whole.network_down_total / days));
  if (report.period === 'month') close(report.fleet.network_up_weekly_avg, Math.round(whole.network_up_total / (days / 7)));
  if (report.period === 'year') close(report.fleet.network_down_monthly_avg, Math.round(whole.network_down_total / new Set(own.map((row) => row.local.date.slice(0, 7))).size));

  const servers = byServer(own);
  expect(report.servers.map((server) => server.server)).toEqual([...servers.keys()].sort());
  const loads = [...servers].filter(([, rows]) => rows.reduce((sum, row) => sum + row.interval_ms, 0) / length >= 0.5).map(([server, rows]) => ({ server, mean: meanCpu(rows) })).sort((a, b) => a.mean - b.mean);
  expect(report.fleet.idle_server?.server).toBe(loads[0]?.server);
  expect(report.fleet.busy_server?.server).toBe(loads.at(-1)?.server);

  const lastDate = [...datesOf(report.period, report.start)].at(-1)!;
  for (const server of report.servers) {
    const rows = servers.get(server.server)!;
    const expected = figures(rows, length);
    expectFigures(server, expected);
    expect(server.gpus.map((gpu) => `${server.server}/${gpu.id}`)).toEqual(expected.cards.map((card) => card.key).sort());
    for (const gpu of server.gpus) {
      const card = expected.cards.find(({ key }) => key === `${server.server}/${gpu.id}`)!;
      close(gpu.coverage, card.coverage);
      close(gpu.idle_rate.free8g, card.idle_rate.free8g);
      close(gpu.idle_rate.used10pct, card.idle_rate.used10pct);
      close(gpu.utilization_mean, card.utilization_mean);
      close(gpu.memory_used_avg, card.memory_used_avg, 1);
      expect(gpu.memory_used_max).toBe(card.memory_used_max);
      close(gpu.occupied_idle_hours, card.occupied_idle_hours);
    }
    const firstEver = Math.min(...all.filter((row) => row.server === server.server).map((row) => row.ts));
    const since = firstEver < from ? from : Math.floor(firstEver / 60_000) * 60_000;
    expect(server.first_seen).toBe(since);
    close(server.availability, Math.min(1, rows.reduce((sum, row) => sum + row.interval_ms, 0) / (to - since)));
    expectBusyTime(report.period, server.busy_time, rows);
    expectForecast(server.hdd_forecast, diskLine(all.filter((row) => row.server === server.server), lastDate));
  }
  expectBusyTime(report.period, report.fleet.busy_time, own);
  expectHeatmap(report, own);
  expectTrends(report, own, { from, to });
}

function expectFigures(actual: Omit<ReportFigures, 'busy_time'>, expected: ReturnType<typeof figures>): void {
  close(actual.coverage, expected.coverage);
  close(actual.cpu_mean, expected.cpu_mean, 1e-5);
  expect(Math.abs(actual.cpu_median! - expected.cpu_median)).toBeLessThanOrEqual(0.5);
  close(actual.cpu_min, expected.cpu_min, 1e-5);
  close(actual.cpu_max, expected.cpu_max, 1e-5);
  expect(actual.memory_avg.total).toBe(expected.memory_avg.total);
  close(actual.memory_avg.used, expected.memory_avg.used, 1);
  close(actual.hdd_used_avg, expected.hdd_used_avg, 1);
  expect(actual.hdd_total).toBe(expected.hdd_total);
  expect(actual.network_up_total).toBe(expected.network_up_total);
  expect(actual.network_down_total).toBe(expected.network_down_total);
  close(actual.idle_rate.free8g, expected.idle_rate.free8g);
  close(actual.idle_rate.used10pct, expected.idle_rate.used10pct);
}

function expectForecast(actual: DiskForecast | null, expected: ReturnType<typeof diskLine>): void {
  expect(actual?.days).toBe(expected?.days);
  if (!actual || !expected) return;
  close(actual.bytes_per_day, expected.slope, 1);
  if (expected.slope <= 0 || expected.full > 3650) return expect(actual.full_in_days).toBeNull();
  // A day of 23 or 25 hours among the thirty moves the end by an hour.
  close(actual.full_in_days!.likely, Math.max(0, expected.full), 0.1);
}

const hourStart = (row: OracleRow): number => row.ts - (row.ts % 900_000) - minuteOfHour(row);
// Hours begin on the local clock's full hour; in a zone that is 30 or 45 minutes off that is not the hour of UTC.
let offset = 0;
const minuteOfHour = (row: OracleRow): number => (row.ts - (row.ts % 900_000) + offset) % 3_600_000;

function expectBusyTime(period: Period, busy: ReportFigures['busy_time'], rows: OracleRow[]): void {
  if (!busy) throw new Error('no busy time');
  const mean = (hit: { mean: number }) => close(busy.cpu_mean, hit.mean, 1e-5);
  if (period === 'day' || period === 'week') {
    const hour = busiest(rows, hourStart);
    mean(hour);
    expect(busy.ts).toBe(hour.key);
    const local = rows.find((row) => hourStart(row) === hour.key)!.local;
    expect(busy.hour).toBe(local.hour);
    if (period === 'week') {
      expect([busy.weekday, busy.date]).toEqual([local.weekday, local.date]);
      expect(busy.busiest_weekday!.weekday).toBe(busiest(rows, (row) => row.local.weekday).key);
    }
  } else if (period === 'month') {
    const day = busiest(rows, (row) => row.local.date);
    mean(day);
    expect(busy.date).toBe(day.key);
    const hour = busiest(rows, (row) => row.local.hour);
    expect(busy.hour).toBe(hour.key);
    close(busy.hour_cpu_mean!, hour.mean, 1e-5);
  } else {
    const month = busiest(rows, (row) => row.local.date.slice(0, 7));
    mean(month);
    expect(busy.month).toBe(month.key);
  }
}

function expectHeatmap({ heatmap }: Report, own: OracleRow[]): void {
  const cells = groupRows(own, (row) => `${row.local.weekday}/${row.local.hour}`);
  heatmap.forEach((hours, day) => hours.forEach((cell, hour) => {
    const rows = cells.get(`${day + 1}/${hour}`);
    if (rows) close(cell, meanCpu(rows), 1e-5);
    else expect(cell).toBeNull();
  }));
}

function expectTrends({ period, trends, timezone, servers }: Report, own: OracleRow[], { from, to }: { from: number; to: number }): void {
  const keyOf = {
    day: (row: OracleRow) => Math.floor(row.ts / 60_000) * 60_000,
    week: hourStart,
    month: (row: OracleRow) => row.local.date,
    year: (row: OracleRow) => row.local.date.slice(0, 7),
  }[period];
  const groups = groupRows<OracleRow, string | number>(own, keyOf);
  const local = calendar(timezone);
  let points = 0;
  trends.ts.forEach((ts, i) => {
    const end = trends.ts[i + 1] ?? to;
    const rows = groups.get(period === 'month' ? local(ts).date : period === 'year' ? local(ts).date.slice(0, 7) : ts);
    if (!rows) return expect([trends.cpu_mean[i], trends.memory_used[i], trends.coverage[i]]).toEqual([null, null, 0]);
    points++;
    const expected = figures(rows, end - ts);
    close(trends.cpu_mean[i]!, expected.cpu_mean, 1e-5);
    close(trends.memory_used[i]!, expected.memory_avg.used, 2);
    close(trends.hdd_used[i]!, expected.hdd_used_avg, 2);
    close(trends.network_up[i]!, expected.network_up, 0.5);
    close(trends.network_down[i]!, expected.network_down, 0.5);
    close(trends.gpu_idle_rate[i]!, expected.idle_rate.free8g);
    close(trends.gpu_idle_rate_used10pct[i]!, expected.idle_rate.used10pct);
    close(trends.coverage[i]!, Math.min(1, rows.reduce((sum, row) => sum + row.interval_ms, 0) / ((end - ts) * servers.length)));
  });
  expect(points).toBe(groups.size);
  expect(trends.ts[0]).toBe(from);
}

function expectPrevious(report: Report, before: Span, rows: OracleRow[], local: (ts: number) => Local): void {
  const dates = datesOf(before.period, before.start);
  const own = rows.filter((row) => dates.has(row.local.date));
  if (own.length === 0) return expect(report.previous).toBeNull();
  const { from, to } = lengthOf(dates, local);
  expectFigures(report.previous!, figures(own, to - from));
}

/** Equal up to the noise of adding floats in another order; `within` where a figure was rounded or kept as a Float32. */
function close(actual: number | null, expected: number | null, within = 1e-8): void {
  if (actual === null || expected === null) return expect(actual).toBe(expected);
  expect(Math.abs(actual - expected), `${actual} instead of ${expected}`).toBeLessThanOrEqual(within + 1e-8 * Math.abs(expected));
}

const near = (entries: [string, number][]): Map<string, unknown> => new Map(entries.map(([key, value]) => [key, expect.closeTo(value, 5)]));

function named(period: Period, start: string, timezone: string): Span {
  const span = parseStart(period, start, timezone);
  if (!span.ok) throw new Error(span.error);
  offset = timezone === 'Asia/Kolkata' ? 1_800_000 : timezone === 'Asia/Kathmandu' ? 2_700_000 : 0;
  return span.value;
}

describe('the recommendations of a period', () => {
  it('are counted by the moment they were asked at; those whose end nobody saw are no misses', async () => {
    await using archive = await openArchive(engine, 'recommended', 'Asia/Shanghai');
    const asked = (iso: string, outcome: string) => ({ id: randomUUID(), asked_ts: iso.replace('T', ' '), ts: iso.replace('T', ' '), outcome, ordering: 'free', server: 'a' });
    // The day is that of Shanghai: 16:00 to 16:00 in UTC.
    await archive.db.insert('recommendation_outcomes', [
      asked('2026-11-17T15:59:59', 'still_free'), asked('2026-11-17T16:00:00', 'still_free'), asked('2026-11-18T01:00:00', 'still_free'), asked('2026-11-18T02:00:00', 'taken_by_asker'),
      asked('2026-11-18T03:00:00', 'taken_by_other'), asked('2026-11-18T04:00:00', 'gone'), asked('2026-11-18T15:59:59', 'unknown'), asked('2026-11-18T16:00:00', 'still_free'),
    ]);
    const span = spanAt('day', at('2026-11-18T04:00Z'), 'Asia/Shanghai');
    expect((await buildReport(archive.db, span, span.to)).recommendation).toEqual({ asked: 6, still_free: 2, hit_rate: 0.6 });
  });
});

describe('a period without any sample', () => {
  it('is a report that says so: no figure is a zero', async () => {
    await using archive = await openArchive(engine, 'empty', 'Asia/Shanghai');
    const span = spanAt('week', at('2026-11-18'), 'Asia/Shanghai');
    const report = await buildReport(archive.db, span, span.to);
    expect(report).toMatchObject({ coverage: 0, general: { server_num: 0, user_num: null, gpu_num: 0 }, servers: [], users: [], previous: null, recommendation: null });
    expect(report.fleet).toMatchObject({ cpu_mean: null, cpu_median: null, cpu_min: null, hdd_used_avg: null, network_up_total: null, busy_server: null, busy_time: null, idle_rate: { free8g: null, used10pct: null } });
    expect(report.trends.cpu_mean).toEqual(Array(168).fill(null));
    expect(report.heatmap.flat().every((cell) => cell === null)).toBe(true);
  });
});
