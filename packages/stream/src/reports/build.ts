import { DateTime } from 'luxon';
import {
  HOUR, DAY,
  type BusyTime, type Report, type ReportFigures, type ReportFleet, type ReportGpu, type ReportIdleRate, type ReportServer, type ReportTrends,
  type ReportUser, type ServerLoad,
} from '@vacancy/shared';
import type { Database } from '../store/client.js';
import { forecastDisk } from './forecast.js';
import { groupBy } from './group.js';
import { bucketEnd, buckets, previousSpan, type Span } from './period.js';
import { BEFORE, NOW, readInputs, type BusyKind, type Busiest, type CardSums, type Hour, type Inputs, type Part, type ServerSums, type TrendRow, type Window } from './queries.js';
import { summarize } from './summary.js';

/** Raised whenever a figure is computed in another way: reports of one version can be compared. */
export const FORMULA = 1;

/** A server that was seen for less than half of the period is neither its busiest nor its idlest. */
const LEAST_COVERAGE = 0.5;
const DISK_WINDOW_DAYS = 30;

/** Makes the report of a span from the archives. While the span is open, figures and coverage are of the part that has passed. */
export async function buildReport(db: Database, span: Span, now: number): Promise<Report> {
  const window = windowOf(span);
  return assemble(await readInputs(db, window), window, now);
}

export function windowOf(span: Span): Window {
  const disk_from = DateTime.fromMillis(span.to, { zone: span.timezone }).set({ hour: 12 }).minus({ days: DISK_WINDOW_DAYS }).startOf('day').toMillis();
  return { span, previous: previousSpan(span).from, disk_from };
}

/** The report's figures from the archives' sums: no I/O, no clock. */
export function assemble(inputs: Inputs, window: Window, now: number): Report {
  const { span } = window;
  const until = Math.min(span.to, now);
  const names = new Map(inputs.names.map((row) => [row.server, row]));
  const nameOf = (server: string): string => names.get(server)?.name || server;
  const period = part(inputs, NOW, until - span.from, nameOf);
  const before = part(inputs, BEFORE, span.from - window.previous, nameOf);
  const servers = period.sums.map((sums) => serverOf(sums, period.cardsOf(sums.server), inputs, window, until));
  const fleet: ReportFleet = { ...period.fleet, busy_time: fleetBusyTime(inputs, span) };
  const report: Report = {
    period: span.period,
    start: span.start,
    end: span.end,
    timezone: span.timezone,
    generated_at: now,
    revision: 0,
    open: now < span.to,
    formula: FORMULA,
    late: false,
    changes: [],
    coverage: fleet.coverage,
    general: { server_num: servers.length, user_num: userNum(inputs), gpu_num: servers.reduce((sum, server) => sum + server.gpus.length, 0) },
    fleet,
    servers,
    trends: trendsOf(inputs, span, until, servers.length),
    heatmap: heatmapOf(inputs.hours),
    users: usersOf(inputs),
    recommendation: recommendationOf(inputs),
    previous: before.sums.length > 0 ? before.fleet : null,
    summary: [],
    idle: inputs.idle,
  };
  return { ...report, summary: summarize(report) };
}

/** What a part of the window says of the fleet. */
function part(inputs: Inputs, which: Part, length_ms: number, nameOf: (server: string) => string) {
  const sums = inputs.servers.filter((row) => row.part === which && row.server !== '');
  const cards = inputs.cards.filter((row) => row.part === which);
  const totals = inputs.servers.find((row) => row.part === which && row.server === '');
  const byServer = groupBy(cards, (row) => row.server);
  return { sums, fleet: fleetOf(sums, cards, totals, length_ms, nameOf), cardsOf: (server: string) => byServer.get(server) ?? [] };
}

function fleetOf(
  sums: readonly ServerSums[], cards: readonly CardSums[], totals: ServerSums | undefined, length_ms: number, nameOf: (server: string) => string,
): Omit<ReportFleet, 'busy_time'> {
  const observed = total(sums, (row) => row.observed_ms);
  const loads = sums
    .filter((row) => row.observed_ms >= LEAST_COVERAGE * length_ms)
    .map((row) => ({ server: row.server, name: nameOf(row.server), cpu_mean: digits(row.cpu_ms / row.observed_ms) }));
  const seen = sums.length > 0;
  const up = seen ? total(sums, (row) => row.network_up_total) : null;
  const down = seen ? total(sums, (row) => row.network_down_total) : null;
  const days = totals?.days ?? 0;
  const weeks = length_ms > 2 * DAY ? days / 7 : 0;
  const months = length_ms > 32 * DAY ? (totals?.months ?? 0) : 0;
  return {
    coverage: share(observed, sums.length * length_ms),
    cpu_mean: seen ? digits(total(sums, (row) => row.cpu_ms) / observed) : null,
    cpu_median: totals?.cpu_median ?? null,
    cpu_min: seen ? Math.min(...sums.map((row) => row.cpu_min)) : null,
    cpu_max: seen ? Math.max(...sums.map((row) => row.cpu_max)) : null,
    memory_avg: {
      total: seen ? total(sums, (row) => row.memory_total) : null,
      used: seen ? Math.round(total(sums, (row) => row.memory_used_ms / row.observed_ms)) : null,
    },
    hdd_used_avg: seen ? Math.round(total(sums, (row) => row.hdd_used_ms / row.observed_ms)) : null,
    hdd_total: seen ? total(sums, (row) => row.hdd_total) : null,
    network_up_total: up,
    network_down_total: down,
    network_up_daily_avg: per(up, days),
    network_down_daily_avg: per(down, days),
    network_up_weekly_avg: per(up, weeks),
    network_down_weekly_avg: per(down, weeks),
    network_up_monthly_avg: per(up, months),
    network_down_monthly_avg: per(down, months),
    idle_rate: idleRate(cards),
    busy_server: pick(loads, (load, best) => load.cpu_mean > best.cpu_mean),
    idle_server: pick(loads, (load, best) => load.cpu_mean < best.cpu_mean),
  };
}

/** `loads` come in the order of their ids, and only a strictly better one replaces the first: ties go to the lower id. */
const pick = (loads: readonly ServerLoad[], better: (load: ServerLoad, best: ServerLoad) => boolean): ServerLoad | null =>
  loads.reduce<ServerLoad | null>((best, load) => (!best || better(load, best) ? load : best), null);

function serverOf(sums: ServerSums, cards: readonly CardSums[], inputs: Inputs, { span, disk_from }: Window, until: number): ReportServer {
  const named = inputs.names.find((row) => row.server === sums.server);
  const types = new Map(named?.gpu_id.map((id, i) => [id, named.gpu_type[i]]));
  const first_seen = inputs.first_seen.get(sums.server) ?? span.from;
  const disk = inputs.disks.find((row) => row.server === sums.server);
  const figures: ReportFigures = {
    coverage: share(sums.observed_ms, until - span.from),
    cpu_mean: digits(sums.cpu_ms / sums.observed_ms),
    cpu_median: sums.cpu_median,
    cpu_min: sums.cpu_min,
    cpu_max: sums.cpu_max,
    memory_avg: { total: sums.memory_total, used: Math.round(sums.memory_used_ms / sums.observed_ms) },
    hdd_used_avg: Math.round(sums.hdd_used_ms / sums.observed_ms),
    hdd_total: sums.hdd_total,
    network_up_total: sums.network_up_total,
    network_down_total: sums.network_down_total,
    idle_rate: idleRate(cards),
    busy_time: serverBusyTime(sums.server, inputs, span),
  };
  return {
    server: sums.server,
    name: named?.name || sums.server,
    simulated: named?.simulated ?? false,
    ...figures,
    availability: until > first_seen ? share(sums.observed_ms, until - first_seen) : null,
    first_seen,
    hdd_forecast: disk ? forecastDisk(disk.day, disk.hdd_used, disk.hdd_total, (until - disk_from) / DAY) : null,
    gpus: cards.map((card) => gpuOf(card, types.get(card.gpu) || null, until - span.from)),
  };
}

const gpuOf = (card: CardSums, gpu_type: string | null, length_ms: number): ReportGpu => ({
  id: card.gpu,
  gpu_type,
  coverage: share(card.observed_ms, length_ms),
  idle_rate: idleRate([card]),
  utilization_mean: card.utilization_mean === null ? null : digits(card.utilization_mean),
  memory_used_avg: Math.round(card.memory_used_ms / card.observed_ms),
  memory_used_max: card.memory_used_max,
  memory_total: card.memory_total,
  occupied_idle_hours: digits(card.occupied_idle_ms / HOUR),
});

/** A card's share of its observed time; the mean over the cards for more than one. */
function idleRate(cards: readonly CardSums[]): ReportIdleRate {
  if (cards.length === 0) return { free8g: null, used10pct: null };
  const mean = (of: (card: CardSums) => number) => digits(total(cards, (card) => of(card) / card.observed_ms) / cards.length);
  return { free8g: mean((card) => card.free8g_ms), used10pct: mean((card) => card.used10pct_ms) };
}

/** Distinct names of those who held cards; where no agent reports names, the sum of the servers' most logged-in users. */
function userNum({ users, servers }: Inputs): number | null {
  const names = new Set(users.map((row) => row.user));
  if (names.size > 0) return names.size;
  const counts = servers.filter((row) => row.part === NOW && row.server !== '' && row.user_num_max !== null).map((row) => row.user_num_max!);
  return counts.length > 0 ? counts.reduce((sum, count) => sum + count, 0) : null;
}

function usersOf({ users }: Inputs): ReportUser[] {
  const hours = (rows: Inputs['users']) => ({
    gpu_hours: digits(total(rows, (row) => row.held_ms) / HOUR),
    gpu_hours_fair: digits(total(rows, (row) => row.fair_ms) / HOUR),
    idle_hours: digits(total(rows, (row) => row.idle_ms) / HOUR),
  });
  return [...groupBy(users, (row) => row.user)]
    .map(([user, rows]) => ({ user, ...hours(rows), servers: rows.map((row) => ({ server: row.server, ...hours([row]) })) }))
    .sort((a, b) => b.gpu_hours - a.gpu_hours || (a.user < b.user ? -1 : 1));
}

function recommendationOf({ outcomes: { asked, still_free, taken_by_asker, unknown } }: Inputs): Report['recommendation'] {
  if (asked === 0) return null;
  return { asked, still_free, hit_rate: asked > unknown ? digits((still_free + taken_by_asker) / (asked - unknown)) : null };
}

function trendsOf({ trend, step }: Inputs, span: Span, until: number, servers: number): ReportTrends {
  const known = new Map(trend.map((row) => [row.ts, row]));
  const ts = buckets(span, until, step);
  const points = ts.map((start) => {
    const row = known.get(start);
    return { row: row && row.observed_ms > 0 ? row : null, length: Math.min(bucketEnd(start, step, span.timezone), until) - start };
  });
  const column = (of: (row: TrendRow) => number | null) => points.map(({ row }) => row && of(row));
  return {
    ts,
    coverage: points.map(({ row, length }) => (row ? share(row.observed_ms, length * servers) : 0)),
    cpu_mean: column((row) => digits(row.cpu_ms / row.observed_ms)),
    memory_used: column((row) => Math.round(row.memory_used)),
    hdd_used: column((row) => Math.round(row.hdd_used)),
    network_up: column((row) => row.network_up === null ? null : Math.round(row.network_up)),
    network_down: column((row) => row.network_down === null ? null : Math.round(row.network_down)),
    gpu_idle_rate: column((row) => (row.cards > 0 ? digits(row.free8g / row.cards) : null)),
    gpu_idle_rate_used10pct: column((row) => (row.cards > 0 ? digits(row.used10pct / row.cards) : null)),
  };
}

function heatmapOf(hours: readonly Hour[]): (number | null)[][] {
  const cells = groupBy(hours, (row) => (row.weekday - 1) * 24 + row.hour);
  return Array.from({ length: 7 }, (_, day) => Array.from({ length: 24 }, (_, hour) => meanCpu(cells.get(day * 24 + hour) ?? [])));
}

const meanCpu = (rows: readonly { cpu_ms: number; observed_ms: number }[]): number | null =>
  rows.length > 0 ? digits(total(rows, (row) => row.cpu_ms) / total(rows, (row) => row.observed_ms)) : null;

/** The fleet's busiest bucket of each kind the period asks for, in the shape a server's come from the database. */
function fleetBusyTime({ hours, trend }: Inputs, span: Span): BusyTime | null {
  const seen = trend.filter((row) => row.observed_ms > 0);
  const busiest: Record<BusyKind, () => Busiest | undefined> = {
    hour: () => busiestOf(hours, (row) => row.ts),
    hour_of_day: () => busiestOf(hours, (row) => row.hour),
    weekday: () => busiestOf(hours, (row) => row.weekday),
    day: () => busiestOf(seen, (row) => row.ts),
    month: () => busiestOf(seen, (row) => row.ts),
  };
  return busyTime(span, (kind) => busiest[kind]());
}

const serverBusyTime = (server: string, { busiest }: Inputs, span: Span): BusyTime | null =>
  busyTime(span, (kind) => busiest[kind]?.find((row) => row.server === server));

function busiestOf<Row extends { cpu_ms: number; observed_ms: number }>(rows: readonly Row[], at: (row: Row) => number): Busiest | undefined {
  return [...groupBy(rows, at)]
    .map(([key, group]) => ({ server: '', at: key, cpu_mean: meanCpu(group)! }))
    .reduce<Busiest | undefined>((best, next) => (!best || next.cpu_mean > best.cpu_mean || (next.cpu_mean === best.cpu_mean && next.at < best.at) ? next : best), undefined);
}

/** One bucket, named as the period's readers speak of it. */
function busyTime({ period, timezone }: Span, busiest: (kind: BusyKind) => Busiest | undefined): BusyTime | null {
  const first = busiest(period === 'month' ? 'day' : period === 'year' ? 'month' : 'hour');
  if (!first) return null;
  const local = DateTime.fromMillis(first.at, { zone: timezone });
  const base = { ts: first.at, cpu_mean: digits(first.cpu_mean) };
  if (period === 'day') return { ...base, hour: local.hour };
  if (period === 'year') return { ...base, month: local.toFormat('yyyy-MM') };
  if (period === 'week') {
    const weekday = busiest('weekday');
    const named = weekday && { busiest_weekday: { weekday: weekday.at, cpu_mean: digits(weekday.cpu_mean) } };
    return { ...base, hour: local.hour, weekday: local.weekday, date: local.toISODate()!, ...named };
  }
  const hour = busiest('hour_of_day');
  return { ...base, date: local.toISODate()!, ...(hour && { hour: hour.at, hour_cpu_mean: digits(hour.cpu_mean) }) };
}

const total = <Row>(rows: readonly Row[], of: (row: Row) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
const share = (a: number, b: number): number => (b > 0 ? digits(Math.min(1, a / b)) : 0);
const per = (amount: number | null, count: number): number | null => (amount === null || count === 0 ? null : Math.round(amount / count));

/** The engine adds in parallel and in any order: the last digits of a sum are noise, and would make two revisions of one report. */
const digits = (value: number): number => Number(value.toPrecision(10));
