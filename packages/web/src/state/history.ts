import type { Series } from '@vacancy/shared';

export type Value = number | null;
/** A moment and its value; `null` ends the line. */
export type Point = [ts: number, value: Value];

/** A gap this many steps long is drawn as one; less is the jitter of a sample. */
const GAP_STEPS = 1.75;
/** Raw samples count as a server falling silent after this, as the service has it. */
const SILENT_MS = 5_000;

/**
 * Columns of history that go on live: loaded from an archive level, then each live sample is added to the bucket it falls into.
 * `ts` are bucket starts, ascending; every column is as long as `ts`.
 */
export class History {
  ts: number[] = [];
  columns = new Map<string, Value[]>();
  /** ms between points; `null` while there are fewer than two. */
  step: number | null = null;
  /** How many samples the newest bucket stands for, and each field's. */
  #tail = new Map<string, number>();

  load(series: Series): void {
    const { ts, ...columns } = series;
    this.ts = [...ts];
    this.columns = new Map(Object.entries(columns).map(([field, values]) => [field, [...(values as Value[])]]));
    this.step = stepOf(ts);
    this.#tail.clear();
  }

  /** @param interval_ms the time one sample stands for. */
  append(ts: number, values: Readonly<Record<string, Value | undefined>>, interval_ms: number): void {
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

  /** A field as a chart wants it, with a `null` where data is missing. */
  points(field: string): Point[] {
    const column = this.columns.get(field);
    if (!column) return [];
    const widest = Math.max(SILENT_MS, (this.step ?? 0) * GAP_STEPS);
    const points: Point[] = [];
    for (let i = 0; i < column.length; i++) {
      const ts = this.ts[i]!;
      if (i > 0 && ts - this.ts[i - 1]! > widest) points.push([this.ts[i - 1]! + 1, null]);
      points.push([ts, column[i] ?? null]);
    }
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
