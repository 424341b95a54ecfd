import { DAY } from '@vacancy/shared';
import type { Point } from '../../state/history.js';

/** A straight line through daily means, with how well it is known. */
export interface Line {
  /** Days it is drawn through. */
  days: number;
  per_day: number;
  /** Half the width of the 95 % interval of `per_day`. */
  per_day_error: number;
  at(ts: number): number;
  /** Half the width of the 95 % interval of the line at a moment. */
  errorAt(ts: number): number;
}

export type DiskForecast =
  | { kind: 'few'; days: number }
  /** It does not grow, or not so that the disk would be full within the horizon. */
  | { kind: 'never'; line: Line }
  /** Days from `now`; `latest` is null when the data do not rule out that it never fills up. */
  | { kind: 'full'; line: Line; earliest: number; likely: number; latest: number | null };

/** Fewer days say nothing about a trend. */
export const LEAST_DAYS = 7;
/** Further than ten years a straight line is not worth saying. */
const HORIZON_DAYS = 3650;

/**
 * Least squares through daily points; unknown days are left out. Days of one disk are not independent of each other, so the
 * interval is a lower bound of the doubt.
 * @param points bucket starts with means: a mean stands for the middle of its day
 * @returns null for fewer than {@link LEAST_DAYS} days
 */
export function fitLine(points: readonly Point[]): Line | null {
  const known = points.filter((point): point is [number, number] => point[1] !== null);
  const n = known.length;
  if (n < LEAST_DAYS) return null;
  const x = known.map(([ts]) => (ts - known[0]![0]) / DAY + 0.5);
  const y = known.map(([, value]) => value);
  const [meanX, meanY] = [mean(x), mean(y)];
  const sxx = sum(x.map((value) => (value - meanX) ** 2));
  const per_day = sum(x.map((value, i) => (value - meanX) * (y[i]! - meanY))) / sxx;
  const residual = Math.sqrt(sum(x.map((value, i) => (y[i]! - meanY - per_day * (value - meanX)) ** 2)) / (n - 2));
  const t = studentT95(n - 2);
  const xOf = (ts: number): number => (ts - known[0]![0]) / DAY;
  return {
    days: n,
    per_day,
    per_day_error: (t * residual) / Math.sqrt(sxx),
    at: (ts) => meanY + per_day * (xOf(ts) - meanX),
    errorAt: (ts) => t * residual * Math.sqrt(1 / n + (xOf(ts) - meanX) ** 2 / sxx),
  };
}

/** A fall of this share of the disk within a day is somebody who cleaned up. */
const CLEANUP_SHARE = 0.05;

/** The days since the disk was last cleaned up: a line through a fall would say that it empties, or fills later than it does. */
export function sinceCleanup(points: readonly Point[], total: number): readonly Point[] {
  let start = 0;
  let last: number | null = null;
  points.forEach(([, value], i) => {
    if (value === null) return;
    if (last !== null && last - value > CLEANUP_SHARE * total) start = i;
    last = value;
  });
  // The day of the fall itself is a mean of before and after; unless it is the newest there is, the next one begins the line.
  return start > 0 ? points.slice(start + 1) : points;
}

/** When a disk of `total` bytes is full, by the line and by the edges of its 95 % interval. */
export function forecastDisk(points: readonly Point[], total: number, now: number): DiskForecast {
  const steady = sinceCleanup(points, total);
  const line = fitLine(steady);
  if (!line) return { kind: 'few', days: steady.filter(([, value]) => value !== null).length };
  const likely = daysUntil((ts) => line.at(ts), total, now);
  if (line.per_day <= 0 || likely === null) return { kind: 'never', line };
  return {
    kind: 'full',
    line,
    earliest: daysUntil((ts) => line.at(ts) + line.errorAt(ts), total, now) ?? likely,
    likely,
    latest: daysUntil((ts) => line.at(ts) - line.errorAt(ts), total, now),
  };
}

/** The line and its interval from `from` to `to`, as a chart wants them. */
export function band(line: Line, from: number, to: number, steps = 24): { line: Point[]; low: Point[]; high: Point[] } {
  const ts = Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps);
  return {
    line: ts.map((at) => [at, line.at(at)]),
    low: ts.map((at) => [at, Math.max(0, line.at(at) - line.errorAt(at))]),
    high: ts.map((at) => [at, line.at(at) + line.errorAt(at)]),
  };
}

/** The first moment from now on at which `value` reaches `total`, in days; the edges are curves, so it is searched for. */
function daysUntil(value: (ts: number) => number, total: number, now: number): number | null {
  if (value(now) >= total) return 0;
  let far = 1;
  while (value(now + far * DAY) < total) if ((far *= 2) > HORIZON_DAYS) return value(now + HORIZON_DAYS * DAY) >= total ? search(value, total, now, far / 2, HORIZON_DAYS) : null;
  return search(value, total, now, far === 1 ? 0 : far / 2, far);
}

function search(value: (ts: number) => number, total: number, now: number, low: number, high: number): number {
  for (let i = 0; i < 30; i++) {
    const middle = (low + high) / 2;
    if (value(now + middle * DAY) >= total) high = middle;
    else low = middle;
  }
  return high;
}

/** The 97.5 % quantile of Student's t, by Cornish and Fisher's expansion: within 1 % from 5 degrees of freedom on. */
export function studentT95(degrees: number): number {
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
