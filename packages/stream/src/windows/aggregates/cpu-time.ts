import type { Millis } from '@vacancy/shared';

/** Of each window: its observed ms, percent × ms, and what rounding took from that. */
const SUMS = 3;

/**
 * Observed time of each window, and the mean CPU weighted by it.
 *
 * Plain floats would drift: each addition rounds, and a window slides for months. The rounding of every step is caught exactly
 * (TwoSum) and summed on its own, so that the sum is right to some 16 digits.
 */
export class CpuTime {
  readonly #sums: Float64Array;

  constructor(windows: number) {
    this.#sums = new Float64Array(SUMS * windows);
  }

  shift(window: number, cpu: number, interval_ms: Millis, sign: 1 | -1): void {
    const sums = this.#sums;
    const at = SUMS * window;
    const x = sign * cpu * interval_ms;
    const before = sums[at + 1]!;
    const total = before + x;
    const rounded = total - before;
    sums[at]! += sign * interval_ms;
    sums[at + 1] = total;
    sums[at + 2]! += before - (total - rounded) + (x - rounded);
    if (sums[at] === 0) sums.fill(0, at + 1, at + SUMS);
  }

  observed(window: number): Millis {
    return this.#sums[SUMS * window]!;
  }

  mean(window: number): number | null {
    const at = SUMS * window;
    const observed = this.#sums[at]!;
    return observed > 0 ? (this.#sums[at + 1]! + this.#sums[at + 2]!) / observed : null;
  }
}
