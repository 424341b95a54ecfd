import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Maximum } from './maximum.js';
import { Minimum } from './minimum.js';
import { PercentCounts } from './percent-counts.js';
import { SortedValues } from './sorted-values.js';
import { cpuTime } from './cpu-time.js';
import { increase } from './network.js';
import { OBSERVED_MS } from '../row.js';

const median = (values: number[]): number | null => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length === 0 ? null : sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

describe('SortedValues is the sorted list', () => {
  const values = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }));

  it('under any order of additions and removals, through splits and joins', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 200, maxLength: 500, size: 'max' }), fc.infiniteStream(fc.nat()), (all, picks) => {
        const sorted = new SortedValues();
        const list: number[] = [];
        for (const x of all) {
          sorted.add(x);
          list.push(x);
        }
        while (list.length > 0) {
          sorted.remove(list.splice(picks.next().value % list.length, 1)[0]!);
          expect(sorted.size).toBe(list.length);
          if (list.length % 17 === 0) {
            expect(sorted.median()).toBe(median(list));
            expect(list.toSorted((a, b) => a - b).map((_, rank) => sorted.at(rank))).toEqual(list.toSorted((a, b) => a - b));
          }
        }
        expect(sorted.median()).toBeNull();
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it('gives back the memory of a peak to what comes after it', () => {
    const sorted = new SortedValues();
    for (let i = 0; i < 100_000; i++) {
      sorted.add(i);
      if (i >= 1_000) sorted.remove(i - 1_000);
    }
    expect(sorted.bytes).toBeLessThan(8 * 1_000 * 5);
  });

  it('gives any quantile, and refuses to remove what is not there', () => {
    const sorted = new SortedValues();
    expect(sorted.quantile(0.5)).toBeNull();
    for (let x = 1; x <= 100; x++) sorted.add(x);
    expect([0, 0.01, 0.5, 0.95, 1].map((q) => sorted.quantile(q))).toEqual([1, 1, 50, 95, 100]);
    expect(() => sorted.remove(0.5)).toThrow(RangeError);
  });
});

it('PercentCounts has the median of what is in it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.boolean()), { maxLength: 100 }), (steps) => {
      const counts = new PercentCounts(2);
      const list: number[] = [];
      for (const [percent, add] of steps) {
        const gone = add ? undefined : list.shift();
        if (gone === undefined) list.push(percent);
        counts.shift(1, gone ?? percent, gone === undefined ? 1 : -1);
        expect(counts.median(1)).toBe(median(list));
        expect(counts.median(0)).toBeNull();
      }
    }),
  );
});

it('Minimum and Maximum know the extremes since any moment, whatever the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 9 }))), fc.array(fc.integer({ min: 20, max: 60 })), (points, starts) => {
      const [least, greatest] = [new Minimum(), new Maximum()];
      points.forEach(([ts, x]) => {
        least.add(ts, x, 19);
        greatest.add(ts, x, 19);
      });
      for (const start of starts) {
        const since = points.filter(([ts]) => ts > start).map(([, x]) => x);
        expect(least.since(start)).toBe(since.length ? Math.min(...since) : null);
        expect(greatest.since(start)).toBe(since.length ? Math.max(...since) : null);
      }
    }),
  );
});

it('Minimum drops what nobody asks for any more before it grows', () => {
  const least = new Minimum();
  for (let ts = 0; ts < 10_000; ts++) least.add(ts, ts, ts - 10);
  expect(least.bytes).toBeLessThanOrEqual(16 * 32);
});

it('cpuTime has the mean of a stretch of rows to the last digits, where a plain total has drifted', () => {
  const numbers = new Float64Array(2 * 16);
  let plain = 0;
  const count = (cpu: number) => {
    cpuTime.count(numbers, 16, { cpu, interval_ms: 333 });
    numbers[16 + OBSERVED_MS]! += 333;
    plain += cpu * 333;
  };
  for (let i = 0; i < 1_000_000; i++) count((i / 7) % 100);
  numbers.copyWithin(0, 16);
  const before = plain;
  for (let i = 0; i < 10; i++) count(31.9);
  expect(cpuTime.mean(numbers, { newest: 16, before: 0 })).toBeCloseTo(31.9, 12);
  expect((plain - before) / 3_330).not.toBeCloseTo(31.9, 12);
});

describe('increase of a counter', () => {
  it('is what was added', () => expect(increase(10, 15, false)).toBe(5));
  it('is the new value after a reboot', () => expect(increase(10, 4, true)).toBe(4));
  it('is not known when the counter fell without one', () => expect(increase(10, 4, false)).toBeNull());
});
