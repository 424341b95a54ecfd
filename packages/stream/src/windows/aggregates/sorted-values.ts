import type { Millis } from '@vacancy/shared';

/** Values of one leaf at most; half of that after a split. */
const LEAF = 32;

/**
 * Timed numbers in their order, shared by windows of several lengths: any of a window's numbers by rank, so that every quantile is exact
 * whatever the numbers are.
 *
 * A list of sorted leaves, all in one array, with the last number of each leaf beside it and, for each window, how many of the leaf it
 * holds. All numbers lie in the longest window, so they are put in and taken out once; when one leaves a shorter window only its leaf's
 * count changes. Neighbours that fit into half a leaf are joined, so that n numbers never lie in more than n/8 + 1 leaves.
 *
 * A rank is looked for from the leaf in which the window's last one was, a step or two away.
 */
export class SortedValues {
  /** The moment after which each window begins, the shortest first; whoever moves time moves them. */
  readonly #starts: Float64Array;
  readonly #windows: number;
  /** Pairs of value and time, by value and then by time. */
  #pairs = new Float64Array(2 * LEAF);
  /** In the order of the values: each leaf's place in `#pairs`, its last value, and how many of it are in each window. */
  #places = new Uint16Array(1);
  #lasts = new Float64Array(1);
  #counts: Uint8Array;
  #leaves = 1;
  readonly #free: number[] = [];
  /** Of each window: its numbers, the leaf in which one was last looked for, and how many of the window's lie in the leaves before that. */
  readonly #sizes: Int32Array;
  readonly #cursors: Int32Array;
  readonly #below: Int32Array;

  constructor(starts: Float64Array) {
    this.#starts = starts;
    this.#windows = starts.length;
    this.#counts = new Uint8Array(starts.length);
    [this.#sizes, this.#cursors, this.#below] = [new Int32Array(starts.length), new Int32Array(starts.length), new Int32Array(starts.length)];
  }

  size(window: number): number {
    return this.#sizes[window]!;
  }

  /** Puts a number into every window that has begun before `ts`; the longest must have. */
  add(x: number, ts: Millis): void {
    let leaf = this.#leafOf(x, ts);
    if (this.#sizeOf(leaf) === LEAF) {
      this.#split(leaf);
      if (this.#isAfter(leaf, x, ts)) leaf++;
    }
    const start = 2 * LEAF * this.#places[leaf]!;
    const end = start + 2 * this.#sizeOf(leaf);
    const at = this.#firstNotBelow(x, ts, start, end);
    const pairs = this.#pairs;
    for (let i = end - 1; i >= at; i--) pairs[i + 2] = pairs[i]!;
    pairs[at] = x;
    pairs[at + 1] = ts;
    this.#lasts[leaf] = pairs[end]!;
    for (let window = 0; window < this.#windows; window++) if (ts > this.#starts[window]!) this.#count(leaf, window, 1);
  }

  /**
   * A number of that time is no longer in a window whose start has moved; from the longest it is taken out. Numbers leave in the order of
   * their times, the shorter windows first. `alone` says that no other number has that time: several may be equal and lie in several leaves.
   */
  leave(x: number, ts: Millis, window: number, alone: boolean): void {
    const leaf = this.#leafOf(x, ts);
    if (window === this.#windows - 1) this.#remove(leaf, x, ts);
    else if (alone) this.#count(leaf, window, -1);
    else this.#recount(leaf, x, ts, window);
  }

  /** The exact median, the mean of the two middle values when their number is even; `null` of nothing. */
  median(window: number): number | null {
    const size = this.#sizes[window]!;
    if (size === 0) return null;
    const rank = (size - 1) >>> 1;
    const at = this.#placeOf(rank, window);
    const lower = this.#pairs[at]!;
    return size % 2 === 1 ? lower : (lower + this.#pairs[this.#placeAfter(at, rank, window)]!) / 2;
  }

  /** The smallest value that at least the share `q` (0–1) of a window's values does not exceed; `null` of nothing. */
  quantile(q: number, window: number): number | null {
    const size = this.#sizes[window]!;
    return size === 0 ? null : this.#pairs[this.#placeOf(Math.max(0, Math.ceil(q * size) - 1), window)]!;
  }

  get bytes(): number {
    return this.#pairs.byteLength + this.#places.byteLength + this.#lasts.byteLength + this.#counts.byteLength;
  }

  /** Every number is in the longest window. */
  #sizeOf(leaf: number): number {
    return this.#counts[(leaf + 1) * this.#windows - 1]!;
  }

  /** The first leaf that does not end before the pair, else the last leaf. */
  #leafOf(x: number, ts: Millis): number {
    const lasts = this.#lasts;
    let low = 0;
    let high = this.#leaves - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = lasts[middle]!;
      if (last < x || (last === x && this.#isAfter(middle, x, ts))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether a pair comes after the last one of a leaf. */
  #isAfter(leaf: number, x: number, ts: Millis): boolean {
    const last = this.#lasts[leaf]!;
    return last < x || (last === x && this.#lastTime(leaf) < ts);
  }

  #lastTime(leaf: number): Millis {
    return this.#pairs[2 * (LEAF * this.#places[leaf]! + this.#sizeOf(leaf)) - 1]!;
  }

  /** Where the pair is, or would be, among those from `low` to `high`. */
  #firstNotBelow(x: number, ts: Millis, low: number, high: number): number {
    const pairs = this.#pairs;
    while (low < high) {
      const middle = low + (((high - low) >>> 2) << 1);
      const value = pairs[middle]!;
      if (value < x || (value === x && pairs[middle + 1]! < ts)) low = middle + 2;
      else high = middle;
    }
    return low;
  }

  #count(leaf: number, window: number, change: number): void {
    this.#counts[leaf * this.#windows + window]! += change;
    this.#sizes[window]! += change;
    if (leaf < this.#cursors[window]!) this.#below[window]! += change;
  }

  /** How many of a leaf are left in a window when all up to `ts` have gone, which may be done for each of them. Equal ones may go on in the leaves after it. */
  #recount(leaf: number, x: number, ts: Millis, window: number): void {
    for (let same = true; same; leaf++) {
      const start = 2 * LEAF * this.#places[leaf]!;
      const end = start + 2 * this.#sizeOf(leaf);
      let count = 0;
      for (let i = start + 1; i < end; i += 2) if (this.#pairs[i]! > ts) count++;
      this.#count(leaf, window, count - this.#counts[leaf * this.#windows + window]!);
      same = leaf + 1 < this.#leaves && this.#lasts[leaf] === x && this.#lastTime(leaf) === ts;
    }
  }

  #remove(leaf: number, x: number, ts: Millis): void {
    const start = 2 * LEAF * this.#places[leaf]!;
    const end = start + 2 * this.#sizeOf(leaf);
    const at = this.#firstNotBelow(x, ts, start, end);
    const pairs = this.#pairs;
    if (at === end || pairs[at] !== x || pairs[at + 1] !== ts) throw new RangeError(`sorted values: ${x} at ${ts} is not among them`);
    for (let i = at + 2; i < end; i++) pairs[i - 2] = pairs[i]!;
    this.#count(leaf, this.#windows - 1, -1);
    if (end - 2 > start) this.#lasts[leaf] = pairs[end - 4]!;
    if (this.#leaves > 1 && this.#sizeOf(leaf) <= LEAF / 4) this.#join(leaf);
  }

  /** Where the number of a window is that `rank` smaller or equal ones of it come before. */
  #placeOf(rank: number, window: number): number {
    const leaf = this.#seek(rank, window);
    const before = rank - this.#below[window]!;
    const start = 2 * LEAF * this.#places[leaf]!;
    return this.#counts[leaf * this.#windows + window] === this.#sizeOf(leaf) ? start + 2 * before : this.#skip(start, before, window);
  }

  /** Where the window's number after that one is, which is at `at` in the leaf of the cursor. */
  #placeAfter(at: number, rank: number, window: number): number {
    let leaf = this.#cursors[window]!;
    if (rank + 1 < this.#below[window]! + this.#counts[leaf * this.#windows + window]!) return this.#skip(at + 2, 0, window);
    do leaf++;
    while (this.#counts[leaf * this.#windows + window] === 0);
    return this.#skip(2 * LEAF * this.#places[leaf]!, 0, window);
  }

  /** The first place from `at` on that holds a number of the window, when `before` others of it have been passed by. */
  #skip(at: number, before: number, window: number): number {
    const begin = this.#starts[window]!;
    while (this.#pairs[at + 1]! <= begin || before-- > 0) at += 2;
    return at;
  }

  /** The leaf that holds a window's number of this rank. */
  #seek(rank: number, window: number): number {
    const counts = this.#counts;
    const each = this.#windows;
    let cursor = this.#cursors[window]!;
    let below = this.#below[window]!;
    while (below > rank) below -= counts[--cursor * each + window]!;
    for (let here = counts[cursor * each + window]!; below + here <= rank; here = counts[++cursor * each + window]!) below += here;
    this.#cursors[window] = cursor;
    this.#below[window] = below;
    return cursor;
  }

  #split(leaf: number): void {
    const place = this.#freePlace();
    const from = 2 * LEAF * this.#places[leaf]!;
    this.#pairs.copyWithin(2 * LEAF * place, from + LEAF, from + 2 * LEAF);
    this.#places.copyWithin(leaf + 1, leaf, this.#leaves);
    this.#lasts.copyWithin(leaf + 1, leaf, this.#leaves);
    this.#counts.copyWithin((leaf + 1) * this.#windows, leaf * this.#windows, this.#leaves * this.#windows);
    this.#leaves++;
    this.#places[leaf + 1] = place;
    this.#lasts[leaf] = this.#pairs[from + LEAF - 2]!;
    for (let window = 0; window < this.#windows; window++) {
      const begin = this.#starts[window]!;
      let count = 0;
      for (let i = from + 1; i < from + LEAF; i += 2) if (this.#pairs[i]! > begin) count++;
      this.#counts[leaf * this.#windows + window] = count;
      this.#counts[(leaf + 1) * this.#windows + window]! -= count;
      if (this.#cursors[window]! > leaf) this.#cursors[window]!++;
    }
  }

  /** Joins the leaf with a neighbour if both fit into half a leaf, or if it is empty: its last value would send searches astray. */
  #join(leaf: number): void {
    const left = leaf + 1 < this.#leaves ? leaf : leaf - 1;
    const right = left + 1;
    const [size, more] = [this.#sizeOf(left), this.#sizeOf(right)];
    if (size + more > LEAF / 2 && this.#sizeOf(leaf) > 0) return;
    const from = 2 * LEAF * this.#places[right]!;
    this.#pairs.copyWithin(2 * (LEAF * this.#places[left]! + size), from, from + 2 * more);
    this.#free.push(this.#places[right]!);
    if (more > 0) this.#lasts[left] = this.#lasts[right]!;
    for (let window = 0; window < this.#windows; window++) {
      if (this.#cursors[window] === right) this.#below[window]! -= this.#counts[left * this.#windows + window]!;
      if (this.#cursors[window]! > left) this.#cursors[window]!--;
      this.#counts[left * this.#windows + window]! += this.#counts[right * this.#windows + window]!;
    }
    this.#places.copyWithin(right, right + 1, this.#leaves);
    this.#lasts.copyWithin(right, right + 1, this.#leaves);
    this.#counts.copyWithin(right * this.#windows, (right + 1) * this.#windows, this.#leaves * this.#windows);
    this.#leaves--;
  }

  /** A place for one more leaf; the arrays grow by half when there is none. */
  #freePlace(): number {
    const place = this.#free.pop();
    if (place !== undefined) return place;
    if (this.#leaves === this.#places.length) {
      const capacity = Math.ceil(1.5 * this.#leaves) + 1;
      this.#pairs = grown(this.#pairs, new Float64Array(2 * LEAF * capacity));
      this.#places = grown(this.#places, new Uint16Array(capacity));
      this.#lasts = grown(this.#lasts, new Float64Array(capacity));
      this.#counts = grown(this.#counts, new Uint8Array(this.#windows * capacity));
    }
    return this.#leaves;
  }
}

function grown<T extends Float64Array | Uint16Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
