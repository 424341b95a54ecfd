import type { Report, ReportFigures, ReportFleet } from '@vacancy/shared';
import type { Format } from '../../format/format.js';

/** How a figure is written: percent 0–100, share 0–1, sizes in bytes. */
export type Unit = 'percent' | 'share' | 'bytes' | 'count' | 'hours' | 'days';
type Value = number | null | undefined;

export interface Figure {
  /** Its path in the report, such as `fleet.cpu_mean`; the text under `reports.figure` has the part after `fleet.`. */
  key: FigureKey;
  unit: Unit;
}

export const FLEET_FIGURES = [
  { key: 'cpu_mean', unit: 'percent' },
  { key: 'cpu_median', unit: 'percent' },
  { key: 'cpu_max', unit: 'percent' },
  { key: 'cpu_min', unit: 'percent' },
  { key: 'memory_avg.used', unit: 'bytes' },
  { key: 'memory_avg.total', unit: 'bytes' },
  { key: 'hdd_used_avg', unit: 'bytes' },
  { key: 'hdd_total', unit: 'bytes' },
  { key: 'network_up_total', unit: 'bytes' },
  { key: 'network_down_total', unit: 'bytes' },
  { key: 'network_up_daily_avg', unit: 'bytes' },
  { key: 'network_down_daily_avg', unit: 'bytes' },
  { key: 'network_up_weekly_avg', unit: 'bytes' },
  { key: 'network_down_weekly_avg', unit: 'bytes' },
  { key: 'network_up_monthly_avg', unit: 'bytes' },
  { key: 'network_down_monthly_avg', unit: 'bytes' },
  { key: 'idle_rate.free8g', unit: 'share' },
  { key: 'idle_rate.used10pct', unit: 'share' },
  { key: 'coverage', unit: 'share' },
] as const satisfies readonly { key: string; unit: Unit }[];
export type FigureKey = (typeof FLEET_FIGURES)[number]['key'];

/** Sums over the period; all else are means or sizes. */
export const isTotal = (key: FigureKey): boolean => key === 'network_up_total' || key === 'network_down_total';

/** What is worth comparing server by server. */
export const SERVER_FIGURES: readonly FigureKey[] = ['cpu_mean', 'memory_avg.used', 'hdd_used_avg', 'idle_rate.free8g', 'coverage'];

/** The figure at a path; `null` where the report has none. */
export function valueAt(source: ReportFigures | ReportFleet | Report['previous'], key: FigureKey): number | null {
  let at: unknown = source;
  for (const part of key.split('.')) at = at === null || typeof at !== 'object' ? null : (at as Record<string, unknown>)[part];
  return typeof at === 'number' ? at : null;
}

/** Hours of all cards together: observed, held by somebody who is known, and held while the card did not compute. */
export function cardHours({ servers, users }: Report, length_ms: number): { observed: number; held: number; idle: number } {
  const cards = servers.flatMap((server) => server.gpus);
  return {
    observed: (length_ms / 3_600_000) * cards.reduce((sum, card) => sum + card.coverage, 0),
    held: users.reduce((sum, user) => sum + user.gpu_hours_fair, 0),
    idle: cards.reduce((sum, card) => sum + card.occupied_idle_hours, 0),
  };
}

export function sayFigure(value: Value, unit: Unit, f: Format): string {
  if (unit === 'percent') return f.percent(value, 1);
  if (unit === 'share') return f.share(value, 1);
  if (unit === 'bytes') return f.bytes(value);
  return f.number(value, unit === 'count' ? 0 : 1);
}

export interface Change {
  /** What changed, signed: percentage points for percent and shares, a share of the old value else. */
  amount: number;
  points: boolean;
}

/** `null` when one of the two is not known, or when a share of nothing would be said. */
export function changeOf(before: Value, after: Value, unit: Unit): Change | null {
  if (before === null || before === undefined || after === null || after === undefined) return null;
  if (unit === 'percent' || unit === 'share') return { amount: (after - before) * (unit === 'share' ? 100 : 1), points: true };
  return before === 0 ? (after === 0 ? { amount: 0, points: false } : null) : { amount: (after - before) / Math.abs(before), points: false };
}
