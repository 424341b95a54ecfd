import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Series } from '@vacancy/shared';
import { History, movingMedian, type Point } from './history.js';

const series = (ts: number[], cpu: (number | null)[]): Series => ({ ts, cpu }) as unknown as Series;

function loaded(ts: number[], cpu: (number | null)[]): History {
  const history = new History();
  history.load(series(ts, cpu));
  return history;
}

describe('history that goes on live', () => {
  it('adds live samples to raw history one by one', () => {
    const history = loaded([1_000, 2_000, 3_000], [1, 2, 3]);
    history.append(4_003, { cpu: 4 }, 1_000);
    expect(history.points('cpu').at(-1)).toEqual([4_003, 4]);
  });

  it('does not draw a sample twice that the history already had', () => {
    const history = loaded([1_000, 2_000, 3_000], [1, 2, 3]);
    history.append(3_000, { cpu: 99 }, 1_000);
    expect(history.points('cpu')).toEqual([[1_000, 1], [2_000, 2], [3_000, 3]]);
  });

  it('keeps live samples that the archives do not hold yet when they are asked again', () => {
    const history = loaded([1_000, 2_000], [1, 2]);
    for (const ts of [3_000, 4_000, 5_000]) history.append(ts, { cpu: ts / 1_000 }, 1_000);
    history.load(series([1_000, 2_000, 3_000, 4_000, 5_000], [1, 2, 3, null, null]));
    expect(history.points('cpu')).toEqual([[1_000, 1], [2_000, 2], [3_000, 3], [4_000, 4], [5_000, 5]]);
  });

  it('takes the end of what is stored for no gap', () => {
    const history = loaded([1_000, 2_000, 3_000], [1, 2, null]);
    history.append(4_000, { cpu: 4 }, 1_000);
    expect(history.points('cpu')).toEqual([[1_000, 1], [2_000, 2], [4_000, 4]]);
  });

  it('keeps nothing of one server for the next', () => {
    const history = loaded([1_000], [1]);
    history.append(2_000, { cpu: 2 }, 1_000);
    history.clear();
    history.load(series([1_000], [7]));
    expect(history.points('cpu')).toEqual([[1_000, 7]]);
  });

  it('averages live samples into the bucket of the archive level', () => {
    const history = loaded([0, 60_000], [10, 20]);
    for (let s = 0; s < 60; s++) history.append(120_000 + s * 1_000, { cpu: s < 30 ? 40 : 60 }, 1_000);
    expect(history.ts).toEqual([0, 60_000, 120_000]);
    expect(history.points('cpu').at(-1)![1]).toBeCloseTo(50);
  });

  it('weighs what the newest bucket already stood for', () => {
    const history = loaded([0, 60_000], [10, 20]);
    history.append(90_000, { cpu: 51 }, 1_000); // thirty samples of 20, and one of 51
    expect(history.points('cpu').at(-1)).toEqual([60_000, 21]);
  });

  it('keeps the beginnings of buckets that are no multiple of their length', () => {
    const midnight = 57_600_000; // of a zone eight hours ahead
    const day = 86_400_000;
    const history = loaded([midnight, midnight + day], [1, 2]);
    history.append(midnight + 2 * day + 5, { cpu: 3 }, 1_000);
    expect(history.ts.at(-1)).toBe(midnight + 2 * day);
  });

  it('ends the line where data is missing', () => {
    const history = loaded([1_000, 2_000, 3_000, 30_000, 31_000], [1, 2, 3, 4, 5]);
    expect(history.points('cpu')).toEqual([[1_000, 1], [2_000, 2], [3_000, 3], [3_001, null], [30_000, 4], [31_000, 5]]);
  });

  it('ends the line where the archives have a hole, and not for the jitter of a second', () => {
    expect(loaded([0, 60_000, 120_000], [1, null, 3]).points('cpu')).toEqual([[0, 1], [1, null], [120_000, 3]]);
    expect(loaded([0, 1_000, 2_000], [1, null, 3]).points('cpu')).toEqual([[0, 1], [2_000, 3]]);
  });

  it('makes nothing of what is not known', () => {
    const history = loaded([0, 60_000], [null, 5]);
    history.append(120_000, {}, 1_000);
    expect(history.points('cpu')).toEqual([[60_000, 5]]);
  });

  it('gives a field that appears later a past without data', () => {
    const history = loaded([1_000, 2_000], [1, 2]);
    history.append(3_000, { cpu: 3, 'gpu.0.memory_used': 7 }, 1_000);
    expect(history.points('gpu.0.memory_used')).toEqual([[3_000, 7]]);
  });

  it('forgets what was trimmed, in every column', () => {
    const history = loaded([1, 2, 3, 4], [1, 2, 3, 4]);
    history.trim(3);
    expect(history.ts).toEqual([3, 4]);
    expect(history.points('cpu').map(([, value]) => value)).toEqual([3, 4]);
    history.trim(100);
    expect(history.ts).toEqual([]);
  });
});

describe('the moving median', () => {
  it('is the median of the window up to each point', () => {
    const values = fc.array(fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }), { maxLength: 80 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), (cpu, width) => {
        const points: Point[] = cpu.map((value, i) => [i, value]);
        const medians = movingMedian(points, width);
        points.forEach(([ts, value], i) => {
          const window = points.filter(([at, v]) => at > ts - width && at <= ts && v !== null).map(([, v]) => v!).sort((a, b) => a - b);
          const half = window.length >> 1;
          const expected = value === null ? null : window.length % 2 ? window[half] : (window[half - 1]! + window[half]!) / 2;
          expect(medians[i]).toEqual([ts, expected]);
        });
      }),
    );
  });
});
