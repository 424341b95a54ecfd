import { describe, expect, it } from 'vitest';
import type { Series } from '@vacancy/shared';
import { addUp, fleetTotals, meanOf, pointsOf } from './totals.js';

const series = (columns: Record<string, (number | null)[]>): Series => columns as Series;

describe('totals over servers', () => {
  const sum = addUp([
    series({ ts: [0, 10, 20], hdd_used: [1, 2, null], 'gpu.0.idle_rate_used10pct': [1, 0, null], 'gpu.1.idle_rate_used10pct': [0, 0, null] }),
    series({ ts: [0, 10, 20], hdd_used: [5, null, null] }),
  ]);

  it('count who was seen, and know nothing where nobody was', () => {
    expect(sum.columns.hdd_used).toEqual([6, 2, null]);
    expect(sum.columns.memory_used).toEqual([null, null, null]);
  });

  it('say how much of the whole they cover, and where they are whole', () => {
    expect(sum.coverage).toBeCloseTo(3 / 6);
    expect(sum.whole).toEqual([true, false, false]);
  });

  it('take the share of cards in use over all cards', () => {
    expect(sum.columns.gpu_used).toEqual([0.5, 1, null]);
    expect(sum.columns.gpu_full).toEqual([null, null, null]);
  });

  it('of servers with other points meet where they meet', () => {
    expect(addUp([series({ ts: [0, 10], hdd_used: [1, 1] }), series({ ts: [10, 20], hdd_used: [2, 2] })]).columns.hdd_used).toEqual([1, 3, 2]);
  });

  it('of no server are empty, with no coverage to speak of', () => {
    expect(addUp([])).toMatchObject({ ts: [], coverage: null });
  });
});

describe('the fleet', () => {
  it('covers its greatest number of servers', () => {
    const fleet = fleetTotals(series({ ts: [0, 10], hdd_used: [8, 3], online_num: [2, 4], idle_rate_used10pct: [0.25, null] }));
    expect(fleet).toMatchObject({ coverage: 0.75, columns: { gpu_used: [0.75, null] } });
  });

  it('is whole where as many servers were seen as usual: neither with one missing nor with one that is new', () => {
    expect(fleetTotals(series({ ts: [0, 1, 2, 3, 4], online_num: [4, 3, 4, 4, 5] })).whole).toEqual([true, false, true, true, false]);
  });
});

describe('two periods', () => {
  it('lie over each other once one is moved, with gaps kept as gaps', () => {
    const totals = addUp([series({ ts: [0, 10], hdd_used: [1, null] })]);
    expect(pointsOf(totals, 'hdd_used', 100)).toEqual([[100, 1], [110, null]]);
    expect(meanOf(pointsOf(totals, 'hdd_used'))).toBe(1);
    expect(meanOf([])).toBeNull();
  });
});
