import type { Memory } from '../memory.js';

/** Places of one series: the percents 0 to 100, then how many there are, where the median was last, and how many lie below that. */
const SIZE = 101;
const CURSOR = 102;
const BELOW = 103;
const PLACES = 104;

/**
 * How often each whole percent occurs, for some series at once: an exact median in 208 bytes a series, whatever the length of the
 * window. The median is looked for from where it was last time, a step or two away.
 */
export class PercentCounts {
  #counts: Uint16Array;

  constructor(series: number) {
    this.#counts = new Uint16Array(PLACES * series);
  }

  shift(series: number, percent: number, sign: 1 | -1): void {
    const counts = this.#counts;
    const at = PLACES * series;
    counts[at + percent]! += sign;
    counts[at + SIZE]! += sign;
    if (percent < counts[at + CURSOR]!) counts[at + BELOW]! += sign;
  }

  /** The mean of the two middle values when their number is even; NaN of nothing. */
  median(series: number): number {
    const counts = this.#counts;
    const at = PLACES * series;
    const size = counts[at + SIZE]!;
    if (size === 0) return NaN;
    const rank = (size - 1) >>> 1;
    const lower = this.#seek(at, rank);
    if (size % 2 === 1 || counts[at + BELOW]! + counts[at + lower]! > rank + 1) return lower;
    let upper = lower + 1;
    while (counts[at + upper] === 0) upper++;
    return (lower + upper) / 2;
  }

  /** Goes on with these series in this order, each named by its number until now; -1 begins an empty one. */
  arrange(series: readonly number[], memory: Memory): void {
    const old = this.#counts;
    this.#counts = memory.uint16(PLACES * series.length);
    series.forEach((was, now) => was >= 0 && this.#counts.set(old.subarray(PLACES * was, PLACES * (was + 1)), PLACES * now));
  }

  get bytes(): number {
    return this.#counts.byteLength;
  }

  /** Moves the cursor to the percent of this rank. */
  #seek(at: number, rank: number): number {
    const counts = this.#counts;
    let cursor = counts[at + CURSOR]!;
    let below = counts[at + BELOW]!;
    while (below > rank) below -= counts[at + --cursor]!;
    for (let here = counts[at + cursor]!; below + here <= rank; here = counts[at + ++cursor]!) below += here;
    counts[at + CURSOR] = cursor;
    counts[at + BELOW] = below;
    return cursor;
  }
}
