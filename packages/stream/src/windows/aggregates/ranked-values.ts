import type { Millis } from '@vacancy/shared';
import { Memory } from '../memory.js';

/** Numbers of one leaf at most, and how many a full one may have left after it was cleaned before it is split. */
const LEAF = 32;
const MOST_AFTER_CLEANING = 28;
/** What a leaf takes: first its numbers, then the moment of each. */
const BLOCK = 2 * LEAF;

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
const MOST_IN_RUN = 8;
const OFTEN = VALUES + MOST_IN_RUN;
const RUN = OFTEN + MOST_IN_RUN;

const MEDIAN = 0.5;

/**
 * Numbers by rank, each of a moment, shared by sliding windows of several lengths: of each window the exact median, the least, the
 * greatest, and the quantiles that were asked for at first, whatever the numbers are.
 *
 * The numbers lie in leaves, and no number of a leaf is greater than any of the next; within a leaf they lie as they came. Windows have no
 * place in the leaves: a number is in a window when its moment is after the window's start. So nothing has to be found when a number leaves;
 * it stays until its leaf is full and cleaned. Whenever one is full, two others are cleaned in turn, and small ones are joined.
 *
 * Of each window a run is kept for the median and for every other quantile: the different numbers around it in their order, and how often each
 * occurs. The same is kept of the window's least and its greatest. What comes and goes elsewhere moves the quantile along its run by a step; only at an
 * end of the run, or when the last of the least has gone, are the next numbers looked for in the leaves, from there on, past those whose
 * numbers are all older than the window.
 *
 * Who asks for a window's number says when the window starts: those up to that moment must have left, and no others.
 */
export class RankedValues {
  readonly #windows: number;
  readonly #quantiles: readonly number[];
  readonly #known: Float64Array;
  /** What is known of one window. */
  readonly #width: number;
  /** Leaf by leaf; how many numbers each has; and a moment that none of them is later than. */
  #numbers = new Float64Array(BLOCK);
  #sizes = new Uint8Array(1);
  #newest = new Float64Array([-Infinity]);
  /** In the order of the numbers: each leaf, and what none of its numbers is less than. */
  #order = new Uint16Array(1);
  #floors = new Float64Array([-Infinity]);
  #leaves = 1;
  readonly #free: number[] = [];
  /** The rank of the leaf that was cleaned last in turn. */
  #turn = 0;

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
    let rank = this.#rankOf(x);
    if (this.#sizes[this.#order[rank]!] === LEAF) rank = this.#makeRoom(x, start);
    const leaf = this.#order[rank]!;
    const at = BLOCK * leaf + this.#sizes[leaf]!++;
    this.#numbers[at] = x;
    this.#numbers[at + LEAF] = ts;
    if (ts > this.#newest[leaf]!) this.#newest[leaf] = ts;
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
   * The smallest value that at least the share `q` of a window's values does not exceed; NaN of nothing.
   * @throws RangeError when `q` is none of the quantiles that are kept.
   */
  quantile(q: number, window: number, start: Millis): number {
    const which = this.#quantiles.indexOf(q);
    if (which < 0) throw new RangeError(`ranked values: the quantile ${q} is not kept`);
    const at = this.#width * window;
    const size = this.#known[at + SIZE]!;
    const index = Math.max(0, Math.ceil(q * size) - 1);
    return size === 0 ? NaN : this.#middleOf(at + RUNS + RUN * which, index, index, start);
  }

  /** The least number of a window, NaN of nothing. */
  least(window: number, start: Millis): number {
    const known = this.#known;
    const at = this.#width * window;
    if (known[at + SIZE] === 0) return NaN;
    if (known[at + LEAST_NUM] === 0) {
      this.#above(known[at + LEAST]!, start, 1);
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
      this.#below(known[at + GREATEST]!, start, 1);
      known[at + GREATEST] = -near[0]!;
      known[at + GREATEST_NUM] = often[0]!;
    }
    return known[at + GREATEST]!;
  }

  get bytes(): number {
    return [this.#known, this.#numbers, this.#sizes, this.#newest, this.#order, this.#floors].reduce((sum, { byteLength }) => sum + byteLength, 0);
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
    const found = this.#above(this.#lastOf(run), start, MOST_IN_RUN / 2);
    this.#dropFirst(run, Math.max(0, known[run + DIFFERENT]! - MOST_IN_RUN / 2));
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
    const found = this.#below(known[run + VALUES]!, start, MOST_IN_RUN / 2);
    this.#dropLast(run, Math.max(0, known[run + DIFFERENT]! - MOST_IN_RUN / 2));
    const kept = known[run + DIFFERENT]!;
    for (const from of [run + VALUES, run + OFTEN]) known.copyWithin(from + found, from, from + kept);
    for (let i = 0; i < found; i++) {
      known[run + VALUES + found - 1 - i] = -near[i]!;
      known[run + OFTEN + found - 1 - i] = often[i]!;
      known[run + COUNT]! += often[i]!;
      known[run + BEFORE]! -= often[i]!;
    }
    known[run + DIFFERENT] = kept + found;
  }

  /**
   * Looks for the least numbers after `start` that are greater than `x`, at most so many different ones: they are in `near` then, and in `often`
   * how often each occurs.
   * @returns how many it found.
   * @throws RangeError when there is none.
   */
  #above(x: number, start: Millis, most: number): number {
    let found = 0;
    for (let rank = this.#rankOf(x); rank < this.#leaves; rank++) {
      if (found === most && this.#floors[rank]! > near[found - 1]!) break;
      const leaf = this.#order[rank]!;
      if (this.#newest[leaf]! <= start) continue;
      const from = BLOCK * leaf;
      const end = from + this.#sizes[leaf]!;
      for (let i = from; i < end; i++) if (this.#numbers[i + LEAF]! > start && this.#numbers[i]! > x) found = note(this.#numbers[i]!, found, most);
    }
    if (found === 0) throw new RangeError(`ranked values: nothing after ${start} is greater than ${x}`);
    return found;
  }

  /** The greatest that are less than `x`, likewise, but with their signs turned. */
  #below(x: number, start: Millis, most: number): number {
    let found = 0;
    for (let rank = this.#rankOf(x); rank >= 0; rank--) {
      const leaf = this.#order[rank]!;
      if (this.#newest[leaf]! > start && this.#floors[rank]! < x) {
        const from = BLOCK * leaf;
        const end = from + this.#sizes[leaf]!;
        for (let i = from; i < end; i++) if (this.#numbers[i + LEAF]! > start && this.#numbers[i]! < x) found = note(-this.#numbers[i]!, found, most);
      }
      if (found === most && this.#floors[rank]! < -near[found - 1]!) break;
    }
    if (found === 0) throw new RangeError(`ranked values: nothing after ${start} is less than ${x}`);
    return found;
  }

  /** The last leaf, by its rank, that `x` may lie in. */
  #rankOf(x: number): number {
    const floors = this.#floors;
    let low = 0;
    let high = this.#leaves;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (floors[middle]! <= x) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Makes room for `x`, whose leaf is full; returns the rank of the leaf that has it then. */
  #makeRoom(x: number, start: Millis): number {
    // Two: a leaf that nothing comes to any more is then gone in half the time in which as many have been filled as there are.
    for (let i = 0; i < 2; i++) this.#cleanInTurn(start);
    const rank = this.#rankOf(x);
    const leaf = this.#order[rank]!;
    this.#clean(leaf, start);
    if (this.#sizes[leaf]! <= MOST_AFTER_CLEANING) return rank;
    this.#split(rank, x);
    return this.#rankOf(x);
  }

  #cleanInTurn(start: Millis): void {
    if (++this.#turn >= this.#leaves) this.#turn = 0;
    this.#clean(this.#order[this.#turn]!, start);
    // What comes next has then its rank.
    if (this.#joinSmall(this.#turn)) this.#turn--;
  }

  /** Lets go of the numbers that have left the longest window. */
  #clean(leaf: number, start: Millis): void {
    const numbers = this.#numbers;
    const from = BLOCK * leaf;
    const end = from + this.#sizes[leaf]!;
    let to = from;
    for (let i = from; i < end; i++) {
      numbers[to] = numbers[i]!;
      numbers[to + LEAF] = numbers[i + LEAF]!;
      if (numbers[i + LEAF]! > start) to++;
    }
    this.#sizes[leaf] = to - from;
  }

  /** Moves the upper part of a leaf into a new one, so that there is room for `x` in the one to which it belongs. */
  #split(rank: number, x: number): void {
    const right = this.#freeLeaf();
    const left = this.#order[rank]!;
    const from = BLOCK * left;
    const size = this.#sizes[left]!;
    this.#sort(from, from + size);
    const upper = this.#changeNearMiddle(from, size) ?? (x < this.#numbers[from]! ? 0 : size);
    for (const array of [this.#order, this.#floors]) array.copyWithin(rank + 2, rank + 1, this.#leaves);
    this.#leaves++;
    this.#order[rank + 1] = right;
    this.#floors[rank + 1] = this.#numbers[upper < size ? from + upper : from]!;
    this.#numbers.copyWithin(BLOCK * right, from + upper, from + size);
    this.#numbers.copyWithin(BLOCK * right + LEAF, from + LEAF + upper, from + LEAF + size);
    this.#newest[right] = this.#newest[left]!;
    this.#sizes[left] = upper;
    this.#sizes[right] = size - upper;
  }

  /** Of a sorted leaf, where a greater number follows, as near to the middle as there is one: equal numbers fill a leaf instead of half of one each time. */
  #changeNearMiddle(from: number, size: number): number | null {
    const numbers = this.#numbers;
    const middle = size >>> 1;
    for (let [low, high] = [middle, middle]; low > 0 || high < size; low--, high++) {
      if (low > 0 && numbers[from + low - 1]! < numbers[from + low]!) return low;
      if (high < size && numbers[from + high - 1]! < numbers[from + high]!) return high;
    }
    return null;
  }

  #sort(from: number, end: number): void {
    const numbers = this.#numbers;
    for (let i = from + 1; i < end; i++) {
      const [x, ts] = [numbers[i]!, numbers[i + LEAF]!];
      let at = i;
      for (; at > from && numbers[at - 1]! > x; at--) {
        numbers[at] = numbers[at - 1]!;
        numbers[at + LEAF] = numbers[at - 1 + LEAF]!;
      }
      numbers[at] = x;
      numbers[at + LEAF] = ts;
    }
  }

  /** Joins a leaf with a neighbour when both fit into half a leaf, or nothing is in it; tells whether it did. */
  #joinSmall(rank: number): boolean {
    const size = this.#sizeOf(rank);
    const most = size === 0 ? LEAF : LEAF / 2;
    if (size + this.#sizeOf(rank + 1) <= most) this.#join(rank);
    else if (this.#sizeOf(rank - 1) + size <= most) this.#join(rank - 1);
    else return false;
    return true;
  }

  #sizeOf(rank: number): number {
    return rank >= 0 && rank < this.#leaves ? this.#sizes[this.#order[rank]!]! : Infinity;
  }

  /** Moves the numbers of the next leaf into this one. */
  #join(rank: number): void {
    const left = this.#order[rank]!;
    const right = this.#order[rank + 1]!;
    const to = BLOCK * left + this.#sizes[left]!;
    this.#numbers.copyWithin(to, BLOCK * right, BLOCK * right + this.#sizes[right]!);
    this.#numbers.copyWithin(to + LEAF, BLOCK * right + LEAF, BLOCK * right + LEAF + this.#sizes[right]!);
    this.#newest[left] = Math.max(this.#newest[left]!, this.#newest[right]!);
    this.#sizes[left]! += this.#sizes[right]!;
    this.#sizes[right] = 0;
    this.#free.push(right);
    for (const array of [this.#order, this.#floors]) array.copyWithin(rank + 1, rank + 2, this.#leaves);
    this.#leaves--;
  }

  /** One more leaf; the arrays grow by a fifth when there is none, and lie in one piece then. */
  #freeLeaf(): number {
    const leaf = this.#free.pop();
    if (leaf !== undefined) return leaf;
    if (this.#leaves === this.#order.length) {
      const capacity = Math.ceil(1.2 * this.#leaves) + 1;
      const buffer = new ArrayBuffer(8 * (BLOCK + 3) * capacity);
      this.#numbers = grown(this.#numbers, new Float64Array(buffer, 0, BLOCK * capacity));
      this.#floors = grown(this.#floors, new Float64Array(buffer, 8 * BLOCK * capacity, capacity));
      this.#newest = grown(this.#newest, new Float64Array(buffer, 8 * (BLOCK + 1) * capacity, capacity));
      this.#order = grown(this.#order, new Uint16Array(buffer, 8 * (BLOCK + 2) * capacity, capacity));
      this.#sizes = grown(this.#sizes, new Uint8Array(buffer, 8 * (BLOCK + 2) * capacity + 2 * capacity, capacity));
    }
    return this.#leaves;
  }
}

/** What is found in the leaves: different numbers in their order, and how often each occurs. */
const near = new Float64Array(MOST_IN_RUN);
const often = new Float64Array(MOST_IN_RUN);

/** Counts `x` among the `found` least numbers so far, of which at most `most` are wanted; returns how many they are then. */
function note(x: number, found: number, most: number): number {
  let at = found;
  while (at > 0 && near[at - 1]! > x) at--;
  if (at > 0 && near[at - 1] === x) {
    often[at - 1]!++;
    return found;
  }
  if (at === most) return found;
  const size = Math.min(found + 1, most);
  for (let i = size - 1; i > at; i--) {
    near[i] = near[i - 1]!;
    often[i] = often[i - 1]!;
  }
  near[at] = x;
  often[at] = 1;
  return size;
}

function grown<T extends Float64Array | Uint16Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
