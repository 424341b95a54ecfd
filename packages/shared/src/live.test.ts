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

  it('leave out a field of the cards that is hidden, also where it is all that changed and where a card is new', () => {
    const card = { id: 0, memory_used: 1, users: ['a'] };
    const row: Row = { server: 'gpu01', cpu: 1, windows: { '5m': { cpu_mean: 1 } }, gpus: [card] };
    const of = (...gpus: Row['gpus']) => diffRow(row, { ...row, gpus }, 'users');
    expect(of({ ...card, users: ['b'] })).toBeNull();
    expect(of({ ...card, users: ['b'], memory_used: 2 }, { ...card, id: 1 })).toEqual({ server: 'gpu01', gpus: [{ id: 0, memory_used: 2 }, { id: 1, memory_used: 1 }] });
    expect(of()).toEqual({ server: 'gpu01', gpus_removed: [0] });
  });

  it('are nothing when nothing changed', () => {
    fc.assert(
      fc.property(rows, (row) => {
        expect(diffRow(row, structuredClone(row))).toBeNull();
      }),
    );
  });
});
