import type { Millis } from '@vacancy/shared';

/** Numbers that it takes: the observed ms, percent × ms, and what rounding took from that. */
export const CPU_TIME = 3;

/**
 * Observed time of a window, and the mean CPU weighted by it; three numbers of an array, from `at` on.
 *
 * Plain floats would drift: each addition rounds, and a window slides for months. The rounding of every step is caught exactly
 * (TwoSum) and summed on its own, so that the sum is right to some 16 digits.
 */
export const cpuTime = {
  /** Counts a reading in, or with a negative time out. */
  shift(sums: Float64Array, at: number, cpu: number, ms: Millis): void {
    const x = cpu * ms;
    const before = sums[at + 1]!;
    const total = before + x;
    const rounded = total - before;
    sums[at]! += ms;
    sums[at + 1] = total;
    sums[at + 2]! += before - (total - rounded) + (x - rounded);
    if (sums[at] === 0) sums.fill(0, at + 1, at + CPU_TIME);
  },

  observed: (sums: Float64Array, at: number): Millis => sums[at]!,

  /** Percent; NaN of nothing, which leaves nothing behind: 0 ÷ 0. */
  mean: (sums: Float64Array, at: number): number => (sums[at + 1]! + sums[at + 2]!) / sums[at]!,
};
