import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { spreadOver } from './spread.js';

describe('cards on any number of servers', () => {
  it.each<[string, number[], number, ReturnType<typeof spreadOver>]>([
    ['come from the best server that has them all', [1, 4, 8], 4, [{ at: 1, count: 4 }]],
    ['come from the largest first, the rest from the best that has it', [1, 2, 4, 4], 6, [{ at: 2, count: 4 }, { at: 1, count: 2 }]],
    ['are taken only as many as are wanted', [3, 3], 4, [{ at: 0, count: 3 }, { at: 1, count: 1 }]],
    ['are too few', [1, 2], 4, null],
    ['are nowhere', [], 1, null],
  ])('%s', (_what, cards, wanted, shares) => expect(spreadOver(cards, wanted)).toEqual(shares));

  it('are on the fewest servers that can, each used once and within what it has', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (cards, wanted) => {
        const shares = spreadOver(cards, wanted);
        const largest = [...cards].sort((a, b) => b - a);
        const fewest = largest.findIndex((_, at) => largest.slice(0, at + 1).reduce((a, b) => a + b) >= wanted) + 1;
        expect(shares?.length ?? 0).toBe(fewest);
        if (!shares) return;
        expect(shares.reduce((sum, { count }) => sum + count, 0)).toBe(wanted);
        expect(shares.every(({ at, count }) => count <= cards[at]!)).toBe(true);
        expect(new Set(shares.map(({ at }) => at)).size).toBe(shares.length);
      }),
    );
  });
});
