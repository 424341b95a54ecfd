import type { IdleThresholds, Period } from '@vacancy/shared';
import type { Database } from '../store/client.js';
import { BUCKET_OF, type Span, type Step } from './period.js';

/** A part of a report's window: the period before, or the period itself. */
export type Part = 1 | 2;
export const BEFORE: Part = 1;
export const NOW: Part = 2;

/** Sums over observed milliseconds of one server in one part; divide `*_ms` by `observed_ms`. */
export interface ServerSums {
  readonly part: Part;
  /** '' is the fleet: its median is over all samples, its days are those on which any server was seen. */
  readonly server: string;
  /** Local days and months with at least one sample. */
  readonly days: number;
  readonly months: number;
  readonly observed_ms: number;
  readonly cpu_ms: number;
  readonly cpu_median: number;
  readonly cpu_min: number;
  readonly cpu_max: number;
  readonly memory_used_ms: number;
  readonly memory_total: number;
  readonly hdd_used_ms: number;
  readonly hdd_total: number;
  readonly network_up_total: number;
  readonly network_down_total: number;
  readonly user_num_max: number | null;
}

// Days are the finest level that is kept for ever and the coarsest that every period is made of. The fleet's row comes of ROLLUP,
// which merges the servers' states instead of reading the days' again: medians are most of the cost of a report.
const SERVERS = `
SELECT
    toUInt8(1 + (t.bucket >= toDateTime({from: UInt32}))) AS part,
    t.server AS server,
    uniqExactIf(t.bucket, t.samples > 0) AS days,
    uniqExactIf(toStartOfMonth(t.bucket), t.samples > 0) AS months,
    sum(t.observed_ms) AS observed_ms,
    sum(t.cpu_ms) AS cpu_ms,
    arrayAvg(quantilesExactWeightedMerge(0.5, 0.500000001)(t.cpu_median)) / 2 AS cpu_median,
    min(t.cpu_min) AS cpu_min,
    max(t.cpu_max) AS cpu_max,
    sum(t.memory_used_ms) AS memory_used_ms,
    max(t.memory_total) AS memory_total,
    sum(t.hdd_used_ms) AS hdd_used_ms,
    max(t.hdd_total) AS hdd_total,
    sum(t.network_up_total) AS network_up_total,
    sum(t.network_down_total) AS network_down_total,
    max(t.user_num_max) AS user_num_max
FROM servers_day AS t
WHERE t.bucket >= toDateTime({previous: UInt32}) AND t.bucket < toDateTime({to: UInt32})
GROUP BY part, server WITH ROLLUP
HAVING sum(t.samples) > 0 AND part > 0
ORDER BY server`;

export interface CardSums {
  readonly part: Part;
  readonly server: string;
  readonly gpu: number;
  readonly observed_ms: number;
  readonly utilization_mean: number | null;
  readonly memory_used_ms: number;
  readonly memory_used_max: number;
  readonly memory_total: number;
  readonly free8g_ms: number;
  readonly used10pct_ms: number;
  readonly occupied_idle_ms: number;
}

const CARDS = `
SELECT
    toUInt8(1 + (t.bucket >= toDateTime({from: UInt32}))) AS part,
    t.server AS server,
    t.gpu AS gpu,
    sum(t.observed_ms) AS observed_ms,
    if(sum(t.utilization_known_ms) = 0, NULL, sum(t.utilization_ms) / sum(t.utilization_known_ms)) AS utilization_mean,
    sum(t.memory_used_ms) AS memory_used_ms,
    max(t.memory_used_max) AS memory_used_max,
    max(t.memory_total) AS memory_total,
    sum(t.free8g_ms) AS free8g_ms,
    sum(t.used10pct_ms) AS used10pct_ms,
    sum(t.occupied_idle_ms) AS occupied_idle_ms
FROM gpus_day AS t
WHERE t.bucket >= toDateTime({previous: UInt32}) AND t.bucket < toDateTime({to: UInt32})
GROUP BY part, server, gpu
HAVING observed_ms > 0
ORDER BY server, gpu`;

export interface UserSums {
  readonly user: string;
  readonly server: string;
  readonly held_ms: number;
  readonly fair_ms: number;
  readonly idle_ms: number;
}

const USERS = `
SELECT t.user AS user, t.server AS server, sum(t.held_ms) AS held_ms, sum(t.fair_ms) AS fair_ms, sum(t.idle_ms) AS idle_ms
FROM users_day AS t
WHERE t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
GROUP BY user, server
HAVING held_ms > 0
ORDER BY held_ms DESC, server`;

/** The whole fleet's CPU in one hour, with the local hour and ISO weekday it began in. */
export interface Hour {
  readonly ts: number;
  readonly hour: number;
  readonly weekday: number;
  readonly observed_ms: number;
  readonly cpu_ms: number;
}

const HOURS = `
SELECT
    toUnixTimestamp(t.bucket) * 1000 AS ts,
    toHour(t.bucket) AS hour,
    toDayOfWeek(t.bucket) AS weekday,
    sum(t.observed_ms) AS observed_ms,
    sum(t.cpu_ms) AS cpu_ms
FROM servers_hour AS t
WHERE t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
GROUP BY t.bucket
HAVING observed_ms > 0
ORDER BY t.bucket`;

/** The busiest bucket of one kind of each server; the earliest of equals. */
export interface Busiest {
  readonly server: string;
  /** Start of the bucket, Unix ms; an hour of day or a weekday where those are asked for. */
  readonly at: number;
  readonly cpu_mean: number;
}

/** The archives' tables and the buckets that are asked of them: SQL of ours, never text from outside. */
const BUCKET = 'toUnixTimestamp(t.bucket) * 1000';
// Through noon: the midnight of a month's first day may be one that the clocks skip.
const MONTH = 'toUnixTimestamp(toStartOfDay(addHours(toDateTime(toStartOfMonth(t.bucket), {timezone: String}), 12), {timezone: String})) * 1000';

const BUSY_OF = {
  hour: { table: 'servers_hour', at: BUCKET },
  hour_of_day: { table: 'servers_hour', at: 'toHour(t.bucket)' },
  weekday: { table: 'servers_day', at: 'toDayOfWeek(t.bucket)' },
  day: { table: 'servers_day', at: BUCKET },
  month: { table: 'servers_day', at: MONTH },
} as const;

export type BusyKind = keyof typeof BUSY_OF;

const busiestSql = (kind: BusyKind): string => `
SELECT server, argMax(at, (mean, -at)) AS at, max(mean) AS cpu_mean
FROM
(
    SELECT t.server AS server, ${BUSY_OF[kind].at} AS at, sum(t.cpu_ms) / sum(t.observed_ms) AS mean
    FROM ${BUSY_OF[kind].table} AS t
    WHERE t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
    GROUP BY server, at
    HAVING sum(t.observed_ms) > 0
)
GROUP BY server`;

/** The fleet in one bucket of the chart. Means of bytes are added over servers, so a server that is away is missing from them. */
export interface TrendRow {
  readonly ts: number;
  readonly observed_ms: number;
  readonly cpu_ms: number;
  readonly memory_used: number;
  readonly hdd_used: number;
  /** Bytes a second: the sum of the servers' own rates over the time in which their counters grew; null where no server's is known. */
  readonly network_up: number | null;
  readonly network_down: number | null;
  readonly cards: number;
  readonly free8g: number;
  readonly used10pct: number;
}

const TREND_OF: Record<Step, { table: string; at: string }> = {
  minute: { table: 'servers_minute', at: BUCKET },
  hour: { table: 'servers_hour', at: BUCKET },
  day: { table: 'servers_day', at: BUCKET },
  month: { table: 'servers_day', at: MONTH },
};

const trendSql = (step: Step): string => `
SELECT
    b.ts AS ts,
    sum(b.observed_ms) AS observed_ms,
    sum(b.cpu_ms) AS cpu_ms,
    sumIf(b.memory_used_ms / b.observed_ms, b.observed_ms > 0) AS memory_used,
    sumIf(b.hdd_used_ms / b.observed_ms, b.observed_ms > 0) AS hdd_used,
    sum(b.network_up_total * 1000 / nullIf(b.network_up_known_ms, 0)) AS network_up,
    sum(b.network_down_total * 1000 / nullIf(b.network_down_known_ms, 0)) AS network_down,
    sum(length(b.observed)) AS cards,
    sum(arraySum(arrayMap((gpu, ms) -> b.free8g[gpu] / ms, mapKeys(b.observed), mapValues(b.observed)))) AS free8g,
    sum(arraySum(arrayMap((gpu, ms) -> b.used10pct[gpu] / ms, mapKeys(b.observed), mapValues(b.observed)))) AS used10pct
FROM
(
    SELECT
        ${TREND_OF[step].at} AS ts,
        t.server AS server,
        sum(t.observed_ms) AS observed_ms,
        sum(t.cpu_ms) AS cpu_ms,
        sum(t.memory_used_ms) AS memory_used_ms,
        sum(t.hdd_used_ms) AS hdd_used_ms,
        sum(t.network_up_total) AS network_up_total,
        sum(t.network_down_total) AS network_down_total,
        sum(t.network_up_known_ms) AS network_up_known_ms,
        sum(t.network_down_known_ms) AS network_down_known_ms,
        sumMap(t.gpu_observed_ms) AS observed,
        sumMap(t.gpu_free8g_ms) AS free8g,
        sumMap(t.gpu_used10pct_ms) AS used10pct
    FROM ${TREND_OF[step].table} AS t
    WHERE t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
    GROUP BY server, ts
) AS b
GROUP BY ts
ORDER BY ts`;

/** A server's daily means of its used disk, for the forecast. */
export interface DiskDays {
  readonly server: string;
  /** Days since the first one of the window, rising. */
  readonly day: number[];
  readonly hdd_used: number[];
  readonly hdd_total: number;
}

const DISKS = `
SELECT server, groupArray(day) AS day, groupArray(hdd_used) AS hdd_used, max(hdd_total) AS hdd_total
FROM
(
    SELECT
        t.server AS server,
        dateDiff('day', toDateTime({disk_from: UInt32}, {timezone: String}), t.bucket, {timezone: String}) AS day,
        sum(t.hdd_used_ms) / sum(t.observed_ms) AS hdd_used,
        max(t.hdd_total) AS hdd_total
    FROM servers_day AS t
    WHERE t.bucket >= toDateTime({disk_from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
    GROUP BY server, t.bucket
    HAVING sum(t.observed_ms) > 0
    ORDER BY server, t.bucket
)
GROUP BY server`;

const FIRST_DAYS = `
SELECT t.server AS server, toUnixTimestamp(min(t.bucket)) * 1000 AS ts FROM servers_day AS t WHERE t.samples > 0 AND t.bucket < toDateTime({to: UInt32}) GROUP BY server`;

/** To the minute where minutes are kept, else to the hour. */
const FIRST_MINUTES = `
SELECT server, toUnixTimestamp(if(minute > 0, minute, hour)) * 1000 AS ts
FROM
(
    SELECT server, minIf(bucket, fine) AS minute, minIf(bucket, NOT fine) AS hour
    FROM
    (
        SELECT t.server AS server, t.bucket AS bucket, true AS fine FROM servers_minute AS t
        WHERE has({servers: Array(String)}, t.server) AND t.samples > 0 AND t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
        UNION ALL
        SELECT t.server AS server, t.bucket AS bucket, false AS fine FROM servers_hour AS t
        WHERE has({servers: Array(String)}, t.server) AND t.samples > 0 AND t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
    )
    GROUP BY server
)`;

/** What a server last said of itself. */
export interface Named {
  readonly server: string;
  readonly name: string;
  readonly simulated: boolean;
  readonly gpu_id: number[];
  readonly gpu_type: string[];
}

const NAMES = 'SELECT i.server AS server, i.name AS name, i.simulated AS simulated, i.`gpus.gpu_id` AS gpu_id, i.`gpus.gpu_type` AS gpu_type FROM inventory AS i FINAL';

export interface Outcomes {
  readonly asked: number;
  readonly still_free: number;
  readonly taken_by_asker: number;
  readonly unknown: number;
}

const OUTCOMES = `
SELECT count() AS asked, countIf(o.outcome = 'still_free') AS still_free, countIf(o.outcome = 'taken_by_asker') AS taken_by_asker, countIf(o.outcome = 'unknown') AS unknown
FROM recommendation_outcomes AS o FINAL
WHERE o.asked_ts >= fromUnixTimestamp64Milli({from_ms: Int64}) AND o.asked_ts < fromUnixTimestamp64Milli({to_ms: Int64})`;

/** The thresholds of an idle card when the period ended; the first ones that are known, for a time before them. */
const IDLE = `
SELECT if(countIf(s.since < fromUnixTimestamp64Milli({to_ms: Int64})) > 0, argMaxIf(s.value, s.since, s.since < fromUnixTimestamp64Milli({to_ms: Int64})), argMin(s.value, s.since)) AS value
FROM archive_settings AS s WHERE s.name = 'idle'`;

/** Everything a report is made of. */
export interface Inputs {
  readonly servers: ServerSums[];
  readonly cards: CardSums[];
  readonly users: UserSums[];
  readonly hours: Hour[];
  readonly busiest: Partial<Record<BusyKind, Busiest[]>>;
  readonly trend: TrendRow[];
  /** What `trend` is by. */
  readonly step: Step;
  readonly disks: DiskDays[];
  /** Since when a server is known; only servers that were first seen within the span. */
  readonly first_seen: ReadonlyMap<string, number>;
  readonly names: Named[];
  readonly outcomes: Outcomes;
  readonly idle: IdleThresholds;
}

const BUSY_KINDS: Record<Period, readonly BusyKind[]> = {
  day: ['hour'],
  week: ['hour', 'weekday'],
  month: ['day', 'hour_of_day'],
  year: ['month'],
};

export interface Window {
  readonly span: Span;
  /** Start of the period before, Unix ms. */
  readonly previous: number;
  /** Start of the disks' forecast window, Unix ms. */
  readonly disk_from: number;
}

/** Reads a report's figures; the queries run beside each other. */
export async function readInputs(db: Database, { span, previous, disk_from }: Window): Promise<Inputs> {
  const query_params = {
    from: span.from / 1000, to: span.to / 1000, previous: previous / 1000, disk_from: disk_from / 1000,
    from_ms: span.from, to_ms: span.to, timezone: span.timezone,
  };
  const rows = <T>(sql: string) => db.rows<T>(sql, query_params);
  const kinds = BUSY_KINDS[span.period];
  const [servers, cards, users, hours, trend, disks, firstDays, names, [outcomes], [idle], ...busiest] = await Promise.all([
    rows<ServerSums>(SERVERS), rows<CardSums>(CARDS), rows<UserSums>(USERS), rows<Hour>(HOURS),
    readTrend(rows, BUCKET_OF[span.period]), rows<DiskDays>(DISKS), rows<FirstSeen>(FIRST_DAYS), rows<Named>(NAMES), rows<Outcomes>(OUTCOMES), rows<{ value: string }>(IDLE),
    ...kinds.map((kind) => rows<Busiest>(busiestSql(kind))),
  ]);
  const fresh = firstDays.filter((row) => row.ts >= span.from).map((row) => row.server);
  const first = fresh.length > 0 ? await db.rows<FirstSeen>(FIRST_MINUTES, { ...query_params, servers: fresh }) : [];
  return {
    servers, cards, users, hours, disks, names, ...trend,
    outcomes: outcomes!,
    idle: JSON.parse(idle!.value) as IdleThresholds,
    busiest: Object.fromEntries(kinds.map((kind, i) => [kind, busiest[i]!])),
    first_seen: new Map(first.map((row) => [row.server, row.ts])),
  };
}

/** Minutes are kept for months and hours for years: of a time before them the next coarser level is charted. */
async function readTrend(rows: <T>(sql: string) => Promise<T[]>, step: Step): Promise<{ trend: TrendRow[]; step: Step }> {
  const trend = await rows<TrendRow>(trendSql(step));
  const coarser = COARSER[step];
  if (trend.length > 0 || !coarser) return { trend, step };
  const found = await readTrend(rows, coarser);
  return found.trend.length > 0 ? found : { trend, step };
}

const COARSER: Partial<Record<Step, Step>> = { minute: 'hour', hour: 'day' };

interface FirstSeen {
  readonly server: string;
  readonly ts: number;
}
