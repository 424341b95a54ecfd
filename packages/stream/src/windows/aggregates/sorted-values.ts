import type { Counted } from './aggregate.js';

/** Values of one leaf at most; half of that after a split. */
const LEAF = 64;

/**
 * Numbers in their order, with repetition: any of them by rank, so that every quantile is exact whatever the values are.
 *
 * A list of sorted leaves, all in one array, with the last value and the size of each leaf beside it. Adding or removing a number
 * is a binary search for its leaf, one within it, and a move of at most 63 neighbours; a rank is found by adding up sizes.
 * Neighbours that fit into half a leaf are joined, so that n numbers never lie in more than n/16 + 1 leaves.
 */
export class SortedValues implements Counted {
  #values = new Float64Array(LEAF);
  /** In the order of the values: each leaf's place in `#values`, its last value and its size. */
  #places = new Uint16Array(1);
  #lasts = new Float64Array(1);
  #sizes = new Uint8Array(1);
  #leaves = 1;
  readonly #free: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts a number in (`sign` 1) or takes one out (-1). */
  shift(x: number, sign: 1 | -1): void {
    if (sign > 0) this.add(x);
    else this.remove(x);
  }

  add(x: number): void {
    let leaf = this.#leafOf(x);
    if (this.#sizes[leaf] === LEAF) {
      this.#split(leaf);
      if (this.#lasts[leaf]! < x) leaf++;
    }
    const start = this.#places[leaf]! * LEAF;
    const end = start + this.#sizes[leaf]!;
    const at = this.#firstNotBelow(x, start, end);
    for (let i = end; i > at; i--) this.#values[i] = this.#values[i - 1]!;
    this.#values[at] = x;
    this.#lasts[leaf] = this.#values[end]!;
    this.#sizes[leaf]!++;
    this.#size++;
  }

  /** Takes out one number equal to `x`, which must be there. */
  remove(x: number): void {
    const leaf = this.#leafOf(x);
    const start = this.#places[leaf]! * LEAF;
    const end = start + this.#sizes[leaf]!;
    const at = this.#firstNotBelow(x, start, end);
    if (at === end || this.#values[at] !== x) throw new RangeError(`sorted values: ${x} is not among them`);
    for (let i = at + 1; i < end; i++) this.#values[i - 1] = this.#values[i]!;
    this.#sizes[leaf]!--;
    this.#size--;
    if (end - 1 > start) this.#lasts[leaf] = this.#values[end - 2]!;
    if (this.#leaves > 1 && this.#sizes[leaf]! <= LEAF / 4) this.#join(leaf);
  }

  /** The number with `rank` smaller or equal ones before it. */
  at(rank: number): number {
    let leaf = 0;
    while (rank >= this.#sizes[leaf]!) rank -= this.#sizes[leaf++]!;
    return this.#values[this.#places[leaf]! * LEAF + rank]!;
  }

  /** The exact median, the mean of the two middle values when their number is even; `null` of nothing. */
  median(): number | null {
    if (this.#size === 0) return null;
    const middle = this.#size >>> 1;
    return this.#size % 2 === 1 ? this.at(middle) : (this.at(middle - 1) + this.at(middle)) / 2;
  }

  /** The smallest value that at least the share `q` (0–1) of the values does not exceed; `null` of nothing. */
  quantile(q: number): number | null {
    return this.#size === 0 ? null : this.at(Math.max(0, Math.ceil(q * this.#size) - 1));
  }

  get bytes(): number {
    return this.#values.byteLength + this.#places.byteLength + this.#lasts.byteLength + this.#sizes.byteLength;
  }

  /** The first leaf whose last value is not below `x`, else the last leaf. */
  #leafOf(x: number): number {
    let low = 0;
    let high = this.#leaves - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lasts[middle]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #firstNotBelow(x: number, low: number, high: number): number {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #split(leaf: number): void {
    const place = this.#freePlace();
    const half = LEAF / 2;
    const from = this.#places[leaf]! * LEAF;
    this.#values.copyWithin(place * LEAF, from + half, from + LEAF);
    for (const column of [this.#places, this.#lasts, this.#sizes]) column.copyWithin(leaf + 1, leaf, this.#leaves);
    this.#leaves++;
    this.#places[leaf + 1] = place;
    this.#sizes[leaf] = half;
    this.#sizes[leaf + 1] = half;
    this.#lasts[leaf] = this.#values[from + half - 1]!;
  }

  /** Joins the leaf with a neighbour if both fit into half a leaf, or if it is empty: its last value would send searches astray. */
  #join(leaf: number): void {
    const left = leaf + 1 < this.#leaves ? leaf : leaf - 1;
    const size = this.#sizes[left]! + this.#sizes[left + 1]!;
    if (size > LEAF / 2 && this.#sizes[leaf]! > 0) return;
    const from = this.#places[left + 1]! * LEAF;
    this.#values.copyWithin(this.#places[left]! * LEAF + this.#sizes[left]!, from, from + this.#sizes[left + 1]!);
    this.#free.push(this.#places[left + 1]!);
    if (this.#sizes[left + 1]! > 0) this.#lasts[left] = this.#lasts[left + 1]!;
    this.#sizes[left] = size;
    for (const column of [this.#places, this.#lasts, this.#sizes]) column.copyWithin(left + 1, left + 2, this.#leaves);
    this.#leaves--;
  }

  /** A place for one more leaf; the arrays grow by half when there is none. */
  #freePlace(): number {
    const place = this.#free.pop();
    if (place !== undefined) return place;
    if (this.#leaves === this.#places.length) {
      const capacity = Math.ceil(1.5 * this.#leaves) + 1;
      this.#values = grown(this.#values, new Float64Array(capacity * LEAF));
      this.#places = grown(this.#places, new Uint16Array(capacity));
      this.#lasts = grown(this.#lasts, new Float64Array(capacity));
      this.#sizes = grown(this.#sizes, new Uint8Array(capacity));
    }
    return this.#leaves;
  }
}

function grown<T extends Float64Array | Uint16Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
