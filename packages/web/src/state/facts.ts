import type { FleetRow, IdleDefinitions } from '@vacancy/shared';
import { remembered } from './remembered.js';

/** What is worked out from one row's cards. */
export interface RowFacts {
  /** Idle cards by each definition. */
  idle: Record<IdleDefinitions['lead'], number>;
  /** Cards with at least 90 % of their memory in use. */
  full: number;
  /** Bytes, over all cards. */
  memory_free: number;
  memory_total: number;
  models: readonly string[];
}

export const factsOf = remembered(({ gpus }: FleetRow): RowFacts => {
  const facts = { idle: { free8g: 0, used10pct: 0 }, full: 0, memory_free: 0, memory_total: 0, models: [] as string[] };
  for (const { idle, memory_free, memory_used, memory_total, gpu_type } of gpus) {
    facts.idle.free8g += Number(idle.free8g);
    facts.idle.used10pct += Number(idle.used10pct);
    if (memory_used >= 0.9 * memory_total) facts.full++;
    facts.memory_free += memory_free;
    facts.memory_total += memory_total;
    if (gpu_type !== null && !facts.models.includes(gpu_type)) facts.models.push(gpu_type);
  }
  return facts;
});
