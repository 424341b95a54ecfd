import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Maximum } from './maximum.js';
import { Minimum } from './minimum.js';
import { PercentCounts } from './percent-counts.js';
import { SortedValues } from './sorted-values.js';
import { CPU_TIME, cpuTime } from './cpu-time.js';
import { increase } from './network.js';

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

describe('SortedValues is the sorted list of each window', () => {
  const number = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }));
  const steps = fc.array(
    fc.record({
      x: number,
      /** Many numbers of one moment, then a step or a leap. */
      after: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom(40, 150, 700) }),
      late: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 }) }),
    }),
    { minLength: 300, maxLength: 600, size: 'max' },
  );
  const LENGTHS = [30, 100, 100, 600];

  it('whatever comes and goes, through splits and joins', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const sorted = new SortedValues(LENGTHS.length);
        let begun = LENGTHS.map(() => 0);
        let held: { x: number; ts: number }[] = [];
        let now = 1_000;
        for (const { x, after, late } of all) {
          now += after;
          const begins = LENGTHS.map((length) => now - length);
          const left = LENGTHS.map((_, window) => held.filter(({ ts }) => ts > begun[window]! && ts <= begins[window]!));
          begun = begins;
          left.forEach((gone, window) => gone.forEach((one) => sorted.leave(one.x, window)));
          held = [...held.filter(({ ts }) => ts > begins.at(-1)!), { x, ts: now - late }];
          sorted.add(x, begins.findIndex((begin) => now - late > begin));
          for (const window of LENGTHS.keys()) {
            const inside = held.filter(({ ts }) => ts > begins[window]!).map((one) => one.x).toSorted((a, b) => a - b);
            expect(sorted.size(window)).toBe(inside.length);
            expect(sorted.median(window)).toBe(median(inside));
            expect(sorted.quantile(0.95, window)).toBe(inside.length ? inside[Math.ceil(0.95 * inside.length) - 1] : NaN);
          }
        }
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });

  it('however many equal numbers there are', () => {
    const sorted = new SortedValues(2);
    for (let i = 0; i < 200; i++) sorted.add(31.9, 0);
    sorted.add(50, 0);
    for (let i = 0; i < 200; i++) sorted.leave(31.9, 0);
    expect([0, 1].map((window) => sorted.size(window))).toEqual([1, 201]);
    expect([0, 1].map((window) => sorted.median(window))).toEqual([50, 31.9]);
  });

  it('gives back the memory of a peak to what comes after it', () => {
    const sorted = new SortedValues(1);
    for (let i = 0; i < 100_000; i++) {
      if (i >= 1_000) sorted.leave(i - 1_000, 0);
      sorted.add(i, 0);
    }
    expect(sorted.bytes).toBeLessThan(8 * 1_000 * 5);
  });

  it('lies in few leaves whatever is taken out', () => {
    const sorted = new SortedValues(1);
    for (let round = 0; round < 40; round++) {
      const x = (i: number): number => round * 1_000 + i;
      for (let i = 0; i < 1_000; i++) sorted.add(x(i), 0);
      for (let i = 0; i < 1_000; i++) if (i % 16 > 0) sorted.leave(x(i), 0);
    }
    expect(sorted.size(0)).toBe(40 * 63);
    expect(sorted.bytes).toBeLessThan(8 * sorted.size(0) * 9);
  });

  it('gives any quantile, and refuses to take out what is not there', () => {
    const sorted = new SortedValues(2);
    expect(sorted.quantile(0.5, 0)).toBeNaN();
    for (let x = 1; x <= 100; x++) sorted.add(x, 0);
    expect([0, 0.01, 0.5, 0.95, 1].map((q) => sorted.quantile(q, 0))).toEqual([1, 1, 50, 95, 100]);
    expect(() => sorted.leave(0.5, 0)).toThrow(RangeError);
    sorted.leave(1, 0);
    expect(() => sorted.leave(1, 0)).toThrow(RangeError);
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
        expect(counts.median(0)).toBeNaN();
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
        expect(least.since(start)).toBe(since.length ? Math.min(...since) : NaN);
        expect(greatest.since(start)).toBe(since.length ? Math.max(...since) : NaN);
      }
    }),
  );
});

it('Minimum drops what nobody asks for any more before it grows', () => {
  const least = new Minimum();
  for (let ts = 0; ts < 10_000; ts++) least.add(ts, ts, ts - 10);
  expect(least.bytes).toBeLessThanOrEqual(16 * 32);
});

it('cpuTime has the mean to the last digits after a million samples, where a plain sum has drifted', () => {
  const sums = new Float64Array(2 * CPU_TIME);
  let plain = 0;
  const cpu = (i: number): number => (i < 999_990 ? (i / 7) % 100 : 31.9);
  for (let i = 0; i < 1_000_000; i++) {
    cpuTime.shift(sums, CPU_TIME, cpu(i), 333);
    plain += cpu(i) * 333;
    if (i < 10) continue;
    cpuTime.shift(sums, CPU_TIME, cpu(i - 10), -333);
    plain -= cpu(i - 10) * 333;
  }
  expect(cpuTime.observed(sums, CPU_TIME)).toBe(3_330);
  expect(cpuTime.mean(sums, CPU_TIME)).toBeCloseTo(31.9, 12);
  expect(plain / 3_330).not.toBeCloseTo(31.9, 12);
  expect(cpuTime.mean(sums, 0)).toBeNaN();
});

describe('increase of a counter', () => {
  it('is what was added', () => expect(increase(10, 15, false)).toBe(5));
  it('is the new value after a reboot', () => expect(increase(10, 4, true)).toBe(4));
  it('is not known when the counter fell without one', () => expect(increase(10, 4, false)).toBeNull());
});
