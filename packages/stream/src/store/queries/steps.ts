import { DAY, HOUR, MINUTE, SECOND } from '@vacancy/shared';
import type { Retention } from '../settings.js';

/** Where a series is read from, with the width of its points. */
export interface Plan {
  readonly level: 'raw' | 'minute' | 'hour' | 'day';
  readonly step_ms: number;
}

const WIDTHS: Readonly<Record<Plan['level'], readonly number[]>> = {
  raw: [1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  minute: [1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  hour: [1, 2, 3, 6, 12].map((n) => n * HOUR),
  day: [DAY],
};

/** More points than that and a chart shows no more, but costs more. */
const POINTS = 1000;

/**
 * The finest level and width that make no more than about a thousand points of the range and are still kept at its start.
 * @param step the width that was asked for, ms; it is rounded up to one that the archives have
 */
export function planSteps(range: { from: number; to: number; step?: number | undefined }, retention: Retention, now: number): Plan {
  const { from, to, step } = range;
  const least = step ?? (to - from) / POINTS;
  for (const level of ['raw', 'minute', 'hour'] as const) {
    const days = retention[`${level}_days`];
    if (days !== null && from < now - days * DAY) continue;
    const step_ms = WIDTHS[level].find((width) => width >= least);
    if (step_ms !== undefined) return { level, step_ms };
  }
  return { level: 'day', step_ms: DAY };
}

/** Samples that come less often than the points would leave holes between them: no narrower than a sample. */
export const widen = (plan: Plan, interval_ms: number): Plan => (plan.level === 'raw' && interval_ms > plan.step_ms ? { ...plan, step_ms: interval_ms } : plan);

/** Starts of the points, Unix ms, anchored at local midnights; days by the calendar, which `dayStarts` knows. */
export function gridOf({ step_ms }: Plan, from: number, to: number, offset_ms: number): number[] {
  const start = Math.floor((from + offset_ms) / step_ms) * step_ms - offset_ms;
  return Array.from({ length: Math.max(0, Math.ceil((to - start) / step_ms)) }, (_, i) => start + i * step_ms);
}
