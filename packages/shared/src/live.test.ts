import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyRow, diffRow } from './live.js';

interface Row {
  server: string;
  cpu: number | null;
  windows: { '5m': { cpu_mean: number | null } };
  gpus: { id: number; memory_used: number; users: string[] }[];
}

const number = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 3 }));
const rows: fc.Arbitrary<Row> = fc.record({
  server: fc.constant('gpu01'),
  cpu: number,
  windows: fc.record({ '5m': fc.record({ cpu_mean: number }) }),
  gpus: fc
    .uniqueArray(
      fc.record({ id: fc.integer({ min: 0, max: 4 }), memory_used: fc.integer({ min: 0, max: 2 }), users: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }) }),
      { selector: (card) => card.id },
    )
    .map((cards) => cards.sort((a, b) => a.id - b.id)),
});

describe('row deltas', () => {
  it('turn the old row into the new one, over JSON', () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const delta = diffRow(before, after);
        const next = delta ? applyRow(before, JSON.parse(JSON.stringify(delta)) as typeof delta) : before;
        expect(next).toEqual(after);
      }),
    );
  });

  it('are nothing when nothing changed', () => {
    fc.assert(
      fc.property(rows, (row) => {
        expect(diffRow(row, structuredClone(row))).toBeNull();
      }),
    );
  });
});
