import { describe, expect, it } from 'vitest';
import type { FleetRow } from '@vacancy/shared';
import { generateFleet } from '../dev/recording.js';
import { factsOf } from './facts.js';

const rows: FleetRow[] = (() => {
  const snapshot = generateFleet(12, 1_762_000_000_000).snapshot('fleet');
  return snapshot?.topic === 'fleet' ? snapshot.data.servers : [];
})();

describe('what is worked out of a row', () => {
  it('adds up its cards', () => {
    for (const row of rows) {
      const sum = (of: (card: FleetRow['gpus'][number]) => number): number => row.gpus.reduce((total, card) => total + of(card), 0);
      expect(factsOf(row)).toMatchObject({
        idle: { free8g: sum((card) => Number(card.idle.free8g)), used10pct: sum((card) => Number(card.idle.used10pct)) },
        full: sum((card) => Number(card.memory_used >= 0.9 * card.memory_total)),
        memory_free: sum((card) => card.memory_free),
        memory_total: sum((card) => card.memory_total),
        models: [...new Set(row.gpus.map((card) => card.gpu_type))],
      });
    }
  });

  it('is worked out anew for a row that changed, and once for one that did not', () => {
    const [row] = rows as [FleetRow];
    expect(factsOf(row)).toBe(factsOf(row));
    expect(factsOf({ ...row, gpus: [] })).toMatchObject({ memory_total: 0, models: [] });
  });
});
