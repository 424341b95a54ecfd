import type { LiveRow } from '@vacancy/shared';
import type { Value } from '../../state/history.js';

const SERVER_FIELDS = ['cpu', 'memory_used', 'network_up', 'network_down', 'hdd_used', 'hdd_rate'] as const;

/** What is asked of the series interface for a server with these cards. */
export const historyFields = (cards: readonly number[]): string[] => [
  ...SERVER_FIELDS,
  ...cards.flatMap((id) => [`gpu.${id}.memory_used`, `gpu.${id}.utilization`]),
];

/** The same fields of a live row. */
export function liveValues(row: LiveRow): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const field of SERVER_FIELDS) values[field] = row[field];
  for (const card of row.gpus) {
    values[`gpu.${card.id}.memory_used`] = card.memory_used;
    values[`gpu.${card.id}.utilization`] = card.utilization;
  }
  return values;
}
