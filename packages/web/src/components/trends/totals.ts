import type { Series } from '@vacancy/shared';
import type { Point, Value } from '../../state/history.js';

export const TREND_FIELDS = ['hdd_used', 'hdd_total', 'memory_used', 'memory_total', 'network_up', 'network_down'] as const;
export type TrendField = (typeof TREND_FIELDS)[number];

/** What the charts draw: totals over servers, and the share of cards in use by both definitions, 0–1. */
export interface Totals {
  ts: number[];
  columns: Record<TrendField | 'gpu_used' | 'gpu_full', Value[]>;
  /** Points with data ÷ points × servers, 0–1; null when nothing was asked for. */
  coverage: number | null;
  /** At which points as many servers were seen as usual: only there a total says something about growth. */
  whole: boolean[];
}

/** The fleet's own series has totals already. */
export function fleetTotals({ ts, ...columns }: Series): Totals {
  const online = columns['online_num'] ?? [];
  const most = Math.max(0, ...online.map((count) => count ?? 0));
  const normal = usual(online);
  const used = (idle: Value | undefined): Value => (idle === null || idle === undefined ? null : 1 - idle);
  return {
    ts,
    columns: {
      ...(Object.fromEntries(TREND_FIELDS.map((field) => [field, ts.map((_, i) => columns[field]?.[i] ?? null)])) as Record<TrendField, Value[]>),
      gpu_used: ts.map((_, i) => used(columns['idle_rate_used10pct']?.[i])),
      gpu_full: ts.map((_, i) => used(columns['idle_rate_free8g']?.[i])),
    },
    coverage: most > 0 ? total(online) / (most * ts.length) : null,
    whole: online.map((count) => count === normal),
  };
}

/** The median: a server that came today must not make every day before it look incomplete. */
function usual(counts: readonly Value[]): Value {
  const sorted = counts.filter((count) => count !== null).sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}

/**
 * Adds up servers that were asked one by one. A server without data at a point is not counted there, and a point that no
 * server has data for stays unknown; `coverage` says how much of the whole that leaves.
 */
export function addUp(servers: readonly Series[]): Totals {
  const ts = [...new Set(servers.flatMap((series) => series.ts))].sort((a, b) => a - b);
  const at = servers.map((series) => new Map(series.ts.map((moment, i) => [moment, i])));
  const values = (field: string, moment: number): number[] => servers.flatMap((series, n) => known(series[field]?.[at[n]!.get(moment) ?? -1]));
  const idle = (definition: string, moment: number): Value => {
    const cards = servers.flatMap((series, n) => Object.keys(series).filter((name) => name.endsWith(`.idle_rate_${definition}`)).flatMap((name) => known(series[name]![at[n]!.get(moment) ?? -1])));
    return cards.length ? 1 - total(cards) / cards.length : null;
  };
  const seen = ts.map((moment) => values('hdd_used', moment).length);
  return {
    ts,
    columns: {
      ...(Object.fromEntries(TREND_FIELDS.map((field) => [field, ts.map((moment) => sumOrNull(values(field, moment)))])) as Record<TrendField, Value[]>),
      gpu_used: ts.map((moment) => idle('used10pct', moment)),
      gpu_full: ts.map((moment) => idle('free8g', moment)),
    },
    coverage: servers.length && ts.length ? total(seen) / (servers.length * ts.length) : null,
    whole: seen.map((count) => count === servers.length),
  };
}

/** A column as points, moved by `shift` so that two periods lie over each other; shares come as percent. */
export const pointsOf = ({ ts, columns }: Totals, field: keyof Totals['columns'], shift = 0): Point[] =>
  ts.map((moment, i) => {
    const value = columns[field][i] ?? null;
    return [moment + shift, value !== null && field.startsWith('gpu_') ? value * 100 : value];
  });

export const meanOf = (points: readonly Point[]): Value => {
  const values = points.flatMap(([, value]) => known(value));
  return values.length ? total(values) / values.length : null;
};

const known = (value: Value | undefined): number[] => (value === null || value === undefined ? [] : [value]);
const total = (values: readonly Value[]): number => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
const sumOrNull = (values: readonly number[]): Value => (values.length ? total(values) : null);
