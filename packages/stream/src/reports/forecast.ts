import type { DiskForecast } from '@vacancy/shared';

/** Fewer days say nothing about a trend. */
const LEAST_DAYS = 7;
/** Further than this a straight line is not worth saying. */
const HORIZON_DAYS = 3650;

/**
 * The least-squares line through daily means, each taken to lie in the middle of its day.
 * Two standard errors are about 95 % if days were independent; they are not quite, so the span is a lower bound of the doubt.
 * @param days days since the window's start, rising; `used` and `total` in bytes
 * @param end where the forecast begins, in days since the window's start
 */
export function forecastDisk(days: readonly number[], used: readonly number[], total: number, end: number): DiskForecast | null {
  const n = days.length;
  if (n < LEAST_DAYS) return null;
  const x = days.map((day) => day + 0.5);
  const meanX = mean(x);
  const meanY = mean(used);
  const sxx = sum(x.map((value) => (value - meanX) ** 2));
  const slope = sum(x.map((value, i) => (value - meanX) * (used[i]! - meanY))) / sxx;
  const residual = sum(x.map((value, i) => (used[i]! - meanY - slope * (value - meanX)) ** 2));
  const error = Math.sqrt(residual / (n - 2) / sxx);
  const left = total - (meanY + slope * (end - meanX));
  return { days: n, bytes_per_day: Math.round(slope), bytes_per_day_error: Math.round(error), full_in_days: fullIn(left, slope, error) };
}

function fullIn(left: number, slope: number, error: number): DiskForecast['full_in_days'] {
  const until = (rate: number) => Math.max(0, Math.round((10 * left) / rate) / 10);
  if (slope <= 0 || until(slope) > HORIZON_DAYS) return null;
  return { earliest: until(slope + 2 * error), likely: until(slope), latest: slope > 2 * error ? until(slope - 2 * error) : null };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
