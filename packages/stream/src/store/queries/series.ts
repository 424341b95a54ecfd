import { HOUR, systemClock, type Clock, type Series } from '@vacancy/shared';
import type { Database } from '../client.js';
import { localDays } from '../levels.js';
import type { ArchiveSettings } from '../settings.js';
import { gridOf, planSteps, widen, type Plan } from './steps.js';

export interface SeriesRequest {
  readonly server: string;
  /** `cpu`, `network_up`, `gpu.0.memory_used` …; see `SERIES_FIELDS` and `GPU_SERIES_FIELDS`. */
  readonly fields: readonly string[];
  /** Unix ms, `to` excluded. */
  readonly from: number;
  readonly to: number;
  readonly step?: number | undefined;
}

/** A field that no series has; the message says which there are. */
export class SeriesFieldError extends RangeError {
  override readonly name = 'SeriesFieldError';
}

/** How a figure is made from the samples (`s`) and from the archives (`a`). */
interface Figure {
  readonly raw: string;
  readonly archive: string;
}

const mean = (name: string): Figure => ({
  raw: `sum(s.${name} * s.interval_ms) / sum(s.interval_ms)`,
  archive: `sum(a.${name}_ms) / sum(a.observed_ms)`,
});
const knownMean = (name: string, known = name): Figure => ({
  raw: `sum(s.${name} * s.interval_ms) / sumIf(s.interval_ms, isNotNull(s.${name}))`,
  archive: `sum(a.${name}_ms) / nullIf(sum(a.${known}_known_ms), 0)`,
});
const largest = (raw: string, archive: string): Figure => ({ raw: `max(s.${raw})`, archive: `max(a.${archive})` });
/** Bytes a second: the increases over the time in which they grew, so that what was sent in a silence is no peak behind it. */
const rate = (name: string): Figure => ({
  raw: `sum(s.${name}_bytes) * 1000 / nullIf(sum(s.${name}_known_ms), 0)`,
  archive: `sum(a.${name}_total) * 1000 / nullIf(sum(a.${name}_known_ms), 0)`,
});
const idle = (name: string): Figure => ({
  raw: `sum(s.${name} * s.interval_ms) / sum(s.interval_ms)`,
  archive: `sum(a.${name}_ms) / sum(a.observed_ms)`,
});

const FIGURES = {
  cpu: mean('cpu'),
  load1: knownMean('load1'),
  memory_used: mean('memory_used'),
  memory_total: largest('memory_total', 'memory_total'),
  swap_used: knownMean('swap_used', 'swap'),
  hdd_used: mean('hdd_used'),
  hdd_total: largest('hdd_total', 'hdd_total'),
  hdd_rate: {
    raw: 'sum(s.hdd_used * s.interval_ms) / sum(s.interval_ms) * 100 / nullIf(max(s.hdd_total), 0)',
    archive: 'sum(a.hdd_used_ms) / sum(a.observed_ms) * 100 / nullIf(max(a.hdd_total), 0)',
  },
  network_up: rate('network_up'),
  network_down: rate('network_down'),
  user_num: largest('user_num', 'user_num_max'),
} satisfies Record<string, Figure>;

const GPU_FIGURES = {
  memory_used: mean('memory_used'),
  memory_total: largest('memory_total', 'memory_total'),
  memory_free: {
    raw: 'max(s.memory_total) - sum(s.memory_used * s.interval_ms) / sum(s.interval_ms)',
    archive: 'max(a.memory_total) - sum(a.memory_used_ms) / sum(a.observed_ms)',
  },
  utilization: knownMean('utilization'),
  temperature: largest('temperature', 'temperature_max'),
  power: knownMean('power'),
  idle_rate_free8g: idle('free8g'),
  idle_rate_used10pct: idle('used10pct'),
} satisfies Record<string, Figure>;

export const SERIES_FIELDS = Object.keys(FIGURES) as (keyof typeof FIGURES)[];
export const GPU_SERIES_FIELDS = Object.keys(GPU_FIGURES) as (keyof typeof GPU_FIGURES)[];

interface CardField {
  readonly name: string;
  readonly gpu: number;
  readonly figure: keyof typeof GPU_FIGURES;
}

/**
 * A server's figures over time, of about a thousand points: from the samples, the minutes, hours or days, whichever is fine
 * enough and still kept. Means are weighted by observed time; `null` where nothing was observed.
 * @throws SeriesFieldError
 */
export async function serverSeries(db: Database, settings: ArchiveSettings, request: SeriesRequest, clock: Clock = systemClock): Promise<Series> {
  const own = request.fields.filter((name): name is keyof typeof FIGURES => name in FIGURES);
  const cards = request.fields.filter((name) => !(name in FIGURES)).map(cardField);
  const { plan, ts } = await layOut(db, settings, request, clock);
  const [ownRows, cardRows] = await Promise.all([
    own.length > 0 ? readServer(db, plan, ts, request, own) : [],
    cards.length > 0 ? readCards(db, plan, ts, request, cards) : [],
  ]);
  const series: Series = { ts };
  for (const name of own) series[name] = column(ts, ownRows, (row) => row[name]);
  for (const { name, gpu, figure } of cards) series[name] = column(ts, cardRows.filter((row) => row['gpu'] === gpu), (row) => row[figure]);
  return series;
}

function cardField(name: string): CardField {
  const match = /^gpu\.(\d{1,3})\.([a-z0-9_]+)$/.exec(name);
  const figure = match?.[2];
  if (figure && figure in GPU_FIGURES) return { name, gpu: Number(match[1]), figure: figure as keyof typeof GPU_FIGURES };
  throw new SeriesFieldError(`There is no series "${name}". There are ${SERIES_FIELDS.join(', ')} and, for a card, gpu.<id>.${GPU_SERIES_FIELDS.join(', ')}.`);
}

type Row = { i: number } & Record<string, number | null>;

async function layOut(db: Database, settings: ArchiveSettings, request: SeriesRequest, clock: Clock): Promise<{ plan: Plan; ts: number[] }> {
  const chosen = planSteps(request, settings.retention, clock.now());
  const plan = chosen.level === 'raw' ? widen(chosen, await intervalOf(db, request)) : chosen;
  return { plan, ts: await startsOf(db, plan, settings.timezone, request) };
}

async function intervalOf(db: Database, { server, from, to }: SeriesRequest): Promise<number> {
  const [row] = await db.rows<{ interval_ms: number }>(
    'SELECT max(interval_ms) AS interval_ms FROM samples AS s WHERE server = {server:String} AND ts >= fromUnixTimestamp64Milli({from:Int64}) AND ts < fromUnixTimestamp64Milli({to:Int64})',
    { server, from, to },
  );
  return row?.interval_ms ?? 0;
}

export async function startsOf(db: Database, plan: Plan, timezone: string, { from, to }: { from: number; to: number }): Promise<number[]> {
  if (plan.level === 'day') return (await localDays(db, timezone, from, Math.max(from, to - 1))).map((day) => day.from * 1000);
  return gridOf(plan, from, to, plan.step_ms >= HOUR ? offsetOf(timezone, from) : 0);
}

/** Local time minus UTC, ms: hours and their multiples begin where local ones do. */
function offsetOf(timezone: string, ts: number): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' }).formatToParts(ts);
  const match = /([+-])(\d\d):(\d\d)/.exec(parts.find((part) => part.type === 'timeZoneName')?.value ?? '');
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000 : 0;
}

/** The point that a moment belongs to: the last start that is not after it. Days are unequal, so theirs are given one by one. */
export const indexOf = (plan: Plan, time: string): string =>
  plan.level === 'day' ? `indexOf({starts:Array(Int64)}, toUnixTimestamp(${time}) * 1000) - 1` : `intDiv(${time} - {start:Int64}, {step:Int64})`;

const millis = (level: Plan['level']): string =>
  level === 'raw' ? 'toUnixTimestamp64Milli(s.ts)' : level === 'day' ? 'a.bucket' : 'toUnixTimestamp(a.bucket) * 1000';

const SCOPE = {
  raw: 's.server = {server:String} AND s.ts >= fromUnixTimestamp64Milli({start:Int64}) AND s.ts < fromUnixTimestamp64Milli({end:Int64})',
  archive: 'a.server = {server:String} AND a.bucket >= toDateTime(intDiv({start:Int64}, 1000)) AND a.bucket < toDateTime(intDiv({end:Int64} + 999, 1000))',
};

const paramsOf = (plan: Plan, ts: readonly number[], to: number) => ({
  start: ts[0] ?? to, end: to, step: plan.step_ms, ...(plan.level === 'day' && { starts: ts }),
});

function readServer(db: Database, plan: Plan, ts: number[], { server, to }: SeriesRequest, fields: readonly (keyof typeof FIGURES)[]): Promise<Row[]> {
  const raw = plan.level === 'raw';
  const figures = fields.map((name) => `${FIGURES[name][raw ? 'raw' : 'archive']} AS \`${name}\``);
  return db.rows<Row>(
    `SELECT ${indexOf(plan, millis(plan.level))} AS i, ${figures.join(', ')}
     FROM ${raw ? 'server_samples AS s' : `servers_${plan.level} AS a`}
     WHERE ${raw ? SCOPE.raw : SCOPE.archive} GROUP BY i ${raw ? '' : 'HAVING sum(a.samples) > 0'} ORDER BY i`,
    { server, ...paramsOf(plan, ts, to) },
  );
}

function readCards(db: Database, plan: Plan, ts: number[], { server, to }: SeriesRequest, fields: readonly CardField[]): Promise<Row[]> {
  const raw = plan.level === 'raw';
  const figures = [...new Set(fields.map((field) => field.figure))].map((name) => `${GPU_FIGURES[name][raw ? 'raw' : 'archive']} AS \`${name}\``);
  const alias = raw ? 's' : 'a';
  return db.rows<Row>(
    `SELECT ${indexOf(plan, millis(plan.level))} AS i, ${alias}.gpu AS gpu, ${figures.join(', ')}
     FROM ${raw ? 'gpu_samples AS s' : `gpus_${plan.level} AS a`}
     WHERE ${raw ? SCOPE.raw : SCOPE.archive} AND ${alias}.gpu IN {gpus:Array(UInt8)} GROUP BY i, gpu ORDER BY i`,
    { server, gpus: [...new Set(fields.map((field) => field.gpu))], ...paramsOf(plan, ts, to) },
  );
}

export function column(ts: readonly number[], rows: readonly Row[], get: (row: Row) => number | null | undefined): (number | null)[] {
  const values: (number | null)[] = new Array<number | null>(ts.length).fill(null);
  for (const row of rows) if (row.i >= 0 && row.i < ts.length) values[row.i] = get(row) ?? null;
  return values;
}
