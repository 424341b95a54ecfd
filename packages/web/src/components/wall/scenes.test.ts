import { describe, expect, it } from 'vitest';
import { columnsFor, PER_PAGE, scenesOf, turn } from './scenes.js';

describe('the scenes of a wall', () => {
  it('give a large fleet as many pages as it needs, and an empty one still one', () => {
    expect(scenesOf(0).filter(({ kind }) => kind === 'matrix')).toHaveLength(1);
    expect(scenesOf(PER_PAGE + 1).filter(({ kind }) => kind === 'matrix')).toHaveLength(2);
    expect(new Set(scenesOf(1).map(({ kind }) => kind))).toEqual(new Set(['matrix', 'like', 'load', 'trends']));
  });

  it('go around, in both directions, also when the fleet has shrunk', () => {
    expect([turn(3, 1, 4), turn(0, -1, 4), turn(40, 1, 4)]).toEqual([0, 3, 0]);
  });
});

describe('blocks on a screen', () => {
  it('stand side by side on a wide one and one above the other on a tall one', () => {
    expect(columnsFor(12, 1920, 900, 2)).toBeGreaterThan(columnsFor(12, 400, 900, 2));
    expect(columnsFor(12, 300, 3000, 2)).toBe(1);
  });

  it('always fit', () => {
    for (const count of [1, 5, 13, 24]) expect(columnsFor(count, 1920, 1080, 2)).toBeLessThanOrEqual(count);
  });
});
