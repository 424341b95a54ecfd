import type { Series } from '@vacancy/shared';

export type Value = number | null;
/** A moment and its value; `null` ends the line. */
export type Point = [ts: number, value: Value];

/** Known values this many steps apart have a gap between them; less is the jitter of samples against the grid of the points. */
const GAP_STEPS = 1.75;
/** Live samples of this long are kept beside the columns: the archives lag behind by a batch, and must not take them away. */
const KEPT_LIVE_MS = 120_000;
/** Raw samples count as a server falling silent after this, as the service has it. */
const SILENT_MS = 5_000;

interface LiveSample {
  ts: number;
  values: Readonly<Record<string, Value | undefined>>;
  interval_ms: number;
}

/**
 * Columns of history that go on live: loaded from an archive level, then each live sample is added to the bucket it falls into.
 * `ts` are bucket starts, ascending; every column is as long as `ts`.
 */
export class History {
  ts: number[] = [];
  columns = new Map<string, Value[]>();
  /** ms between points; `null` while there are fewer than two. */
  step: number | null = null;
  #live: LiveSample[] = [];
  /** How many samples the newest bucket stands for, and each field's. */
  #tail = new Map<string, number>();

  /** Replaces what was loaded; live samples that the archives do not hold yet stay. */
  load(series: Series): void {
    const { ts, ...columns } = series;
    const length = lastKnown(Object.values(columns) as Value[][]) + 1;
    this.ts = ts.slice(0, length);
    this.columns = new Map(Object.entries(columns).map(([field, values]) => [field, (values as Value[]).slice(0, length)]));
    this.step = stepOf(ts);
    this.#tail.clear();
    const end = (this.ts.at(-1) ?? -Infinity) + (this.step ?? 0);
    for (const sample of this.#live) if (sample.ts >= end) this.#add(sample);
  }

  /** Forgets everything: another server is shown. */
  clear(): void {
    this.ts = [];
    this.columns.clear();
    this.step = null;
    this.#live = [];
    this.#tail.clear();
  }

  /** @param interval_ms the time one sample stands for. */
  append(ts: number, values: Readonly<Record<string, Value | undefined>>, interval_ms: number): void {
    const sample = { ts, values, interval_ms };
    this.#live = this.#live.filter((kept) => kept.ts > ts - KEPT_LIVE_MS);
    this.#live.push(sample);
    this.#add(sample);
  }

  #add({ ts, values, interval_ms }: LiveSample): void {
    const last = this.ts.at(-1);
    if (last !== undefined && ts <= last && !this.#bucketed(interval_ms)) return;
    const bucket = this.#bucketOf(ts, interval_ms);
    if (last !== undefined && bucket < last) return;
    if (bucket === last) this.#addToLast(values, Math.max(1, Math.round((ts - bucket) / interval_ms)));
    else this.#addBucket(bucket, values);
  }

  /** Forgets what lies before `from`: a page left open for a day must not grow. */
  trim(from: number): void {
    const keep = this.ts.findIndex((ts) => ts >= from);
    const cut = keep < 0 ? this.ts.length : keep;
    if (cut === 0) return;
    this.ts.splice(0, cut);
    for (const column of this.columns.values()) column.splice(0, cut);
  }

  /** A field as a chart wants it: what is known, and a `null` wherever the next known value is too far to be the next reading. */
  points(field: string): Point[] {
    const widest = Math.max(SILENT_MS, (this.step ?? 0) * GAP_STEPS);
    const points: Point[] = [];
    let before = Infinity;
    this.columns.get(field)?.forEach((value, i) => {
      if (value === null) return;
      const ts = this.ts[i]!;
      if (ts - before > widest) points.push([before + 1, null]);
      points.push([ts, value]);
      before = ts;
    });
    return points;
  }

  #bucketed(interval_ms: number): boolean {
    return this.step !== null && this.step > interval_ms * 1.5;
  }

  /** Buckets go on from the newest one: those of days begin at a local midnight that is no multiple of their length. */
  #bucketOf(ts: number, interval_ms: number): number {
    const last = this.ts.at(-1);
    if (last === undefined || this.step === null || !this.#bucketed(interval_ms)) return ts;
    return last + Math.floor((ts - last) / this.step) * this.step;
  }

  #addBucket(bucket: number, values: Readonly<Record<string, Value | undefined>>): void {
    for (const field of Object.keys(values)) if (!this.columns.has(field)) this.columns.set(field, this.ts.map(() => null));
    this.ts.push(bucket);
    this.#tail.clear();
    for (const [field, column] of this.columns) {
      const value = values[field] ?? null;
      column.push(value);
      if (value !== null) this.#tail.set(field, 1);
    }
    this.step ??= stepOf(this.ts);
  }

  /** The newest bucket becomes the mean of what it held, for `before` samples, and one more. */
  #addToLast(values: Readonly<Record<string, Value | undefined>>, before: number): void {
    for (const [field, column] of this.columns) {
      const value = values[field] ?? null;
      if (value === null) continue;
      const held = column.at(-1) ?? null;
      const count = held === null ? 0 : (this.#tail.get(field) ?? before);
      column[column.length - 1] = ((held ?? 0) * count + value) / (count + 1);
      this.#tail.set(field, count + 1);
    }
  }
}

/** The last place at which any column has a value; -1 where none has. Points after it are only not stored yet. */
function lastKnown(columns: readonly (readonly Value[])[]): number {
  let last = -1;
  for (const column of columns) for (let i = column.length - 1; i > last; i--) if (column[i] !== null) last = i;
  return last;
}

/** The usual distance of neighbours: the median, since one gap must not count as a step. */
function stepOf(ts: readonly number[]): number | null {
  if (ts.length < 2) return null;
  const distances = ts.slice(1).map((value, i) => value - ts[i]!).sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)]!;
}

/** The median over the `span_ms` up to each point; `null` where the point itself has no value. */
export function movingMedian(points: readonly Point[], span_ms: number): Point[] {
  const window: number[] = []; // ascending
  let oldest = 0;
  return points.map(([ts, value]) => {
    if (value !== null) window.splice(rank(window, value), 0, value);
    for (; points[oldest]![0] <= ts - span_ms; oldest++) {
      const gone = points[oldest]![1];
      if (gone !== null) window.splice(rank(window, gone), 1);
    }
    return [ts, value === null ? null : middle(window)];
  });
}

/** Where `value` stands, or would stand, among ascending `values`. */
function rank(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const between = (low + high) >> 1;
    if (values[between]! < value) low = between + 1;
    else high = between;
  }
  return low;
}

function middle(values: readonly number[]): Value {
  if (values.length === 0) return null;
  const half = values.length >> 1;
  return values.length % 2 === 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2;
}
