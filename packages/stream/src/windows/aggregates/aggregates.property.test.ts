import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { PercentCounts } from './percent-counts.js';
import { RankedValues } from './ranked-values.js';
import { CPU_TIME, cpuTime } from './cpu-time.js';

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

describe('RankedValues knows the numbers of each window by rank', () => {
  const any = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }));
  const few = fc.constantFrom(0, 0.1, 0.2, 0.3);
  const rarelyAnother = fc.oneof({ weight: 30, arbitrary: fc.constant(7) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 20 }) });
  const stepsOf = (x: fc.Arbitrary<number>) => fc.array(
    fc.record({
      x,
      /** Many numbers of one moment, then a step or a leap. */
      after: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom(40, 150, 700) }),
      late: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 30 }) }),
      /** What is kept of the middle and of the extremes must hold over what nobody asks for, too. */
      asked: fc.boolean(),
    }),
    { minLength: 300, maxLength: 600, size: 'max' },
  );
  const steps = fc.oneof(stepsOf(any), stepsOf(few), stepsOf(rarelyAnother));
  const LENGTHS = [30, 100, 100, 600];
  const QUANTILES = [0, 0.07, 0.25, 0.55, 0.95, 1];

  it('whatever comes and goes, through splits, joins and cleaning', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const ranked = new RankedValues(LENGTHS.length, QUANTILES);
        let begun = LENGTHS.map(() => 0);
        let held: { x: number; ts: number }[] = [];
        let now = 1_000;
        for (const { x, after, late, asked } of all) {
          now += after;
          const begins = LENGTHS.map((length) => now - length);
          const left = LENGTHS.map((_, window) => held.filter(({ ts }) => ts > begun[window]! && ts <= begins[window]!));
          begun = begins;
          left.forEach((gone, window) => gone.forEach((one) => ranked.leave(one.x, window)));
          ranked.add(x, now - late, begins.findIndex((begin) => now - late > begin), begins.at(-1)!);
          held = [...held.filter(({ ts }) => ts > begins.at(-1)!), { x, ts: now - late }];
          if (!asked) continue;
          for (const window of LENGTHS.keys()) {
            const start = begins[window]!;
            const inside = held.filter(({ ts }) => ts > start).map((one) => one.x).toSorted((a, b) => a - b);
            expect(ranked.size(window)).toBe(inside.length);
            expect(ranked.median(window, start)).toBe(median(inside));
            expect(ranked.least(window, start)).toBe(inside[0] ?? NaN);
            expect(ranked.greatest(window, start)).toBe(inside.at(-1) ?? NaN);
            for (const q of QUANTILES) expect(ranked.quantile(q, window, start)).toBe(inside.find((_, i) => (i + 1) / inside.length >= q) ?? NaN);
          }
        }
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  it('however many equal numbers there are', () => {
    const ranked = new RankedValues(2);
    for (let i = 1; i <= 200; i++) ranked.add(31.9, i, 0, 0);
    ranked.add(50, 201, 0, 0);
    for (let i = 1; i <= 200; i++) ranked.leave(31.9, 0);
    expect([0, 1].map((window) => ranked.size(window))).toEqual([1, 201]);
    expect([200, 0].map((start, window) => ranked.median(window, start))).toEqual([50, 31.9]);
    expect([200, 0].map((start, window) => ranked.least(window, start))).toEqual([50, 31.9]);
  });

  /** As many are held as the window is long; bytes of each. */
  const bytesEach = (xs: Iterable<number>, length: number): number => {
    const ranked = new RankedValues(1);
    const all = [...xs];
    all.forEach((x, ts) => {
      if (ts >= length) ranked.leave(all[ts - length]!, 0);
      ranked.add(x, ts, 0, ts - length);
    });
    expect(ranked.size(0)).toBe(length);
    expect(ranked.median(0, all.length - 1 - length)).toBe(median(all.slice(-length)));
    return ranked.bytes / length;
  };
  const times = (n: number, x: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => x(i));

  it.each([
    ['rising for ever', times(100_000, (i) => i)],
    ['always the same', times(50_000, () => 31.9)],
    ['one of ten', times(50_000, (i) => ((i * 7) % 10) / 10)],
    ['one of many', times(50_000, (i) => (i * 7_919) % 10_007)],
    ['elsewhere by the hour', times(50_000, (i) => Math.floor(i / 3_000) * 100 + ((i * 7_919) % 10_007) / 1_000)],
    ['falling beside many equal ones', times(50_000, (i) => (i % 4 === 0 ? 100 - i / 1_000 : 0))],
  ])('in few bytes each, without a search when they leave: numbers that are %s', (_, xs) => {
    // A number and its moment are 16 bytes.
    expect(bytesEach(xs, 1_000)).toBeLessThan(5 * 16);
  });

  it('gives any quantile that it was told to keep', () => {
    const ranked = new RankedValues(2, [0, 0.01, 0.07, 0.55, 0.95, 1]);
    expect(ranked.quantile(0.5, 0, 0)).toBeNaN();
    for (let x = 1; x <= 100; x++) ranked.add(x, x, 0, 0);
    expect([0, 0.01, 0.07, 0.5, 0.55, 0.95, 1].map((q) => ranked.quantile(q, 0, 0))).toEqual([1, 1, 7, 50, 55, 95, 100]);
    for (let x = 1; x <= 50; x++) ranked.leave(x, 0);
    expect([0, 0.5, 1].map((q) => ranked.quantile(q, 0, 50))).toEqual([51, 75, 100]);
    expect([0, 0.5, 0.95].map((q) => ranked.quantile(q, 1, 0))).toEqual([1, 50, 95]);
    expect(() => ranked.quantile(0.99, 0, 50)).toThrow('0.99');
  });

  it('says so when it was told to let go of what it still needs', () => {
    const ranked = new RankedValues(1);
    for (let x = 1; x <= 100; x++) ranked.add(x, x, 0, 0);
    expect(() => ranked.median(0, 1_000)).toThrow(RangeError);
    expect(() => ranked.quantile(0.5, 0, 1_000)).toThrow(RangeError);
    ranked.leave(1, 0);
    expect(() => ranked.least(0, 1_000)).toThrow(RangeError);
    ranked.leave(100, 0);
    expect(() => ranked.greatest(0, 1_000)).toThrow(RangeError);
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
