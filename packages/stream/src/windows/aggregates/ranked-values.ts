import type { Millis } from '@vacancy/shared';
import { Memory } from '../memory.js';
import { Leaves, MOST_FOUND, near, often } from './leaves.js';

// What is known of a window, side by side: how many numbers it has; the least and the greatest, and how many equal ones there are of each; then
// its runs.
const SIZE = 0;
const LEAST = 1;
const LEAST_NUM = 2;
const GREATEST = 3;
const GREATEST_NUM = 4;
const RUNS = 5;

// Of a run: how many numbers come before it, how many it stands for, how many different ones these are, and of each what it is and how often it
// occurs.
const BEFORE = 0;
const COUNT = 1;
const DIFFERENT = 2;
const VALUES = 3;
const MOST_IN_RUN = 2 * MOST_FOUND;
const OFTEN = VALUES + MOST_IN_RUN;
const RUN = OFTEN + MOST_IN_RUN;

const MEDIAN = 0.5;

/**
 * Numbers by rank, each of a moment, shared by sliding windows of several lengths: of each window the exact median, the least, the
 * greatest, and the quantiles that were named, whatever the numbers are.
 *
 * All lie in the same leaves, in which windows have no place: a number is in a window when its moment is after the window's start. Of each
 * window a run is kept for the median and for every other quantile: the different numbers around it in their order, and how often each
 * occurs. The same is kept of the window's least and its greatest. What comes and goes elsewhere moves the quantile along its run by a step; only at an
 * end of the run, or when the last of the least has gone, are the next numbers looked for in the leaves, from there on.
 *
 * Who asks for a window's number says when the window starts: those up to that moment must have left, and no others.
 */
export class RankedValues {
  readonly #windows: number;
  readonly #quantiles: readonly number[];
  readonly #known: Float64Array;
  /** What is known of one window. */
  readonly #width: number;
  readonly #leaves = new Leaves();

  /** @param quantiles besides the median those that are kept, each as a share from 0 to 1. */
  constructor(windows: number, quantiles: readonly number[] = [], memory = new Memory()) {
    this.#windows = windows;
    this.#quantiles = [MEDIAN, ...quantiles];
    this.#width = RUNS + RUN * this.#quantiles.length;
    this.#known = memory.float64(this.#width * windows);
  }

  size(window: number): number {
    return this.#known[this.#width * window + SIZE]!;
  }

  /** Puts a number of the moment `ts` into a window and into all longer ones, of which the longest holds what is after `start`. */
  add(x: number, ts: Millis, window: number, start: Millis): void {
    this.#leaves.add(x, ts, start);
    for (let each = window; each < this.#windows; each++) this.#enter(x, this.#width * each);
  }

  /** Takes a number out of a window that holds it. */
  leave(x: number, window: number): void {
    this.#exit(x, this.#width * window);
  }

  /** The exact median, the mean of the two middle values when their number is even; NaN of nothing. */
  median(window: number, start: Millis): number {
    const at = this.#width * window;
    const size = this.#known[at + SIZE]!;
    return size === 0 ? NaN : this.#middleOf(at + RUNS, (size - 1) >>> 1, size >>> 1, start);
  }

  /**
   * The smallest value that at least the share `q` of a window's values does not exceed, one in 10⁹ more or less; NaN of nothing.
   * @throws RangeError when `q` is none of the quantiles that are kept.
   */
  quantile(q: number, window: number, start: Millis): number {
    const which = this.#quantiles.indexOf(q);
    if (which < 0) throw new RangeError(`ranked values: the quantile ${q} is not kept`);
    const at = this.#width * window;
    const size = this.#known[at + SIZE]!;
    // 0.07 of 100 is more than 7 in floating-point numbers.
    const index = Math.max(0, Math.ceil(q * size - 1e-9 * size) - 1);
    return size === 0 ? NaN : this.#middleOf(at + RUNS + RUN * which, index, index, start);
  }

  /** The least number of a window, NaN of nothing. */
  least(window: number, start: Millis): number {
    const known = this.#known;
    const at = this.#width * window;
    if (known[at + SIZE] === 0) return NaN;
    if (known[at + LEAST_NUM] === 0) {
      this.#leaves.above(known[at + LEAST]!, start, 1);
      known[at + LEAST] = near[0]!;
      known[at + LEAST_NUM] = often[0]!;
    }
    return known[at + LEAST]!;
  }

  /** The greatest number of a window, NaN of nothing. */
  greatest(window: number, start: Millis): number {
    const known = this.#known;
    const at = this.#width * window;
    if (known[at + SIZE] === 0) return NaN;
    if (known[at + GREATEST_NUM] === 0) {
      this.#leaves.below(known[at + GREATEST]!, start, 1);
      known[at + GREATEST] = near[0]!;
      known[at + GREATEST_NUM] = often[0]!;
    }
    return known[at + GREATEST]!;
  }

  get bytes(): number {
    return this.#known.byteLength + this.#leaves.bytes;
  }

  /** The mean of two neighbours by their indexes, or of one with itself; a run is moved until it has them. */
  #middleOf(run: number, lower: number, upper: number, start: Millis): number {
    const known = this.#known;
    while (lower < known[run + BEFORE]!) this.#walkDown(run, start);
    while (upper >= known[run + BEFORE]! + known[run + COUNT]!) this.#walkUp(run, start);
    let i = run + VALUES;
    let end = known[run + BEFORE]! + known[i + MOST_IN_RUN]!;
    while (end <= lower) end += known[++i + MOST_IN_RUN]!;
    return upper < end ? known[i]! : (known[i]! + known[i + 1]!) / 2;
  }

  #enter(x: number, at: number): void {
    const known = this.#known;
    if (known[at + SIZE]!++ === 0) return this.#begin(x, at);
    if (x <= known[at + LEAST]!) {
      known[at + LEAST_NUM] = x < known[at + LEAST]! ? 1 : known[at + LEAST_NUM]! + 1;
      known[at + LEAST] = x;
    }
    if (x >= known[at + GREATEST]!) {
      known[at + GREATEST_NUM] = x > known[at + GREATEST]! ? 1 : known[at + GREATEST_NUM]! + 1;
      known[at + GREATEST] = x;
    }
    for (let run = at + RUNS; run < at + this.#width; run += RUN) this.#enterRun(x, run, at);
  }

  #exit(x: number, at: number): void {
    const known = this.#known;
    known[at + SIZE]!--;
    if (x === known[at + LEAST]) known[at + LEAST_NUM]!--;
    if (x === known[at + GREATEST]) known[at + GREATEST_NUM]!--;
    for (let run = at + RUNS; run < at + this.#width; run += RUN) {
      if (x < known[run + VALUES]!) known[run + BEFORE]!--;
      else if (x <= this.#lastOf(run)) this.#takeOut(x, run);
    }
  }

  #begin(x: number, at: number): void {
    const known = this.#known;
    known[at + LEAST] = known[at + GREATEST] = x;
    known[at + LEAST_NUM] = known[at + GREATEST_NUM] = 1;
    for (let run = at + RUNS; run < at + this.#width; run += RUN) {
      known[run + VALUES] = x;
      known[run + OFTEN] = known[run + COUNT] = known[run + DIFFERENT] = 1;
      known[run + BEFORE] = 0;
    }
  }

  /** The last number of a run. An empty run still has the place of its last one, before or after which others are counted. */
  #lastOf(run: number): number {
    return this.#known[run + VALUES + Math.max(0, this.#known[run + DIFFERENT]! - 1)]!;
  }

  #enterRun(x: number, run: number, at: number): void {
    if (x < this.#known[run + VALUES]!) this.#known[run + BEFORE]!++;
    else if (x <= this.#lastOf(run)) this.#putIn(x, run, at);
  }

  #putIn(x: number, run: number, at: number): void {
    const known = this.#known;
    const different = known[run + DIFFERENT]!;
    const end = run + VALUES + different;
    let i = run + VALUES;
    while (i < end && known[i]! < x) i++;
    if (i === end || known[i] !== x) {
      if (different === MOST_IN_RUN) {
        this.#dropAnEnd(run, at);
        // The number may lie outside now.
        return this.#enterRun(x, run, at);
      }
      for (let to = end; to > i; to--) {
        known[to] = known[to - 1]!;
        known[to + MOST_IN_RUN] = known[to - 1 + MOST_IN_RUN]!;
      }
      known[i] = x;
      known[i + MOST_IN_RUN] = 0;
      known[run + DIFFERENT] = different + 1;
    }
    known[i + MOST_IN_RUN]!++;
    known[run + COUNT]!++;
  }

  #takeOut(x: number, run: number): void {
    const known = this.#known;
    known[run + COUNT]!--;
    let i = run + VALUES;
    while (known[i]! < x) i++;
    if (--known[i + MOST_IN_RUN]! > 0) return;
    const last = run + VALUES + --known[run + DIFFERENT]!;
    for (; i < last; i++) {
      known[i] = known[i + 1]!;
      known[i + MOST_IN_RUN] = known[i + 1 + MOST_IN_RUN]!;
    }
  }

  /** Of a run's ends the one goes that is farther from the quantile. */
  #dropAnEnd(run: number, at: number): void {
    const known = this.#known;
    const share = this.#quantiles[(run - at - RUNS) / RUN]!;
    if (known[run + BEFORE]! + known[run + COUNT]! / 2 < share * known[at + SIZE]!) this.#dropFirst(run, 1);
    else this.#dropLast(run, 1);
  }

  #dropFirst(run: number, num: number): void {
    const known = this.#known;
    const different = known[run + DIFFERENT]!;
    for (let i = run + OFTEN; i < run + OFTEN + num; i++) {
      known[run + BEFORE]! += known[i]!;
      known[run + COUNT]! -= known[i]!;
    }
    for (const from of [run + VALUES, run + OFTEN]) known.copyWithin(from, from + num, from + different);
    known[run + DIFFERENT] = different - num;
  }

  #dropLast(run: number, num: number): void {
    const known = this.#known;
    for (let i = 0; i < num; i++) known[run + COUNT]! -= known[run + OFTEN + --known[run + DIFFERENT]!]!;
  }

  /** Moves a run on by up to half of it. */
  #walkUp(run: number, start: Millis): void {
    const known = this.#known;
    const found = this.#leaves.above(this.#lastOf(run), start, MOST_FOUND);
    this.#dropFirst(run, Math.max(0, known[run + DIFFERENT]! - MOST_FOUND));
    const kept = known[run + DIFFERENT]!;
    for (let i = 0; i < found; i++) {
      known[run + VALUES + kept + i] = near[i]!;
      known[run + OFTEN + kept + i] = often[i]!;
      known[run + COUNT]! += often[i]!;
    }
    known[run + DIFFERENT] = kept + found;
  }

  /** Moves a run back by up to half of it. */
  #walkDown(run: number, start: Millis): void {
    const known = this.#known;
    const found = this.#leaves.below(known[run + VALUES]!, start, MOST_FOUND);
    this.#dropLast(run, Math.max(0, known[run + DIFFERENT]! - MOST_FOUND));
    const kept = known[run + DIFFERENT]!;
    for (const from of [run + VALUES, run + OFTEN]) known.copyWithin(from + found, from, from + kept);
    for (let i = 0; i < found; i++) {
      known[run + VALUES + found - 1 - i] = near[i]!;
      known[run + OFTEN + found - 1 - i] = often[i]!;
      known[run + COUNT]! += often[i]!;
      known[run + BEFORE]! -= often[i]!;
    }
    known[run + DIFFERENT] = kept + found;
  }
}
