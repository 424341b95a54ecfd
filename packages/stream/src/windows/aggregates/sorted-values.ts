/** Values of one leaf at most, half of that after a split: as many as a number has bits. */
const LEAF = 32;

/**
 * Numbers in their order, shared by windows of several lengths: any of a window's numbers by rank, so that every quantile is exact
 * whatever the numbers are.
 *
 * A list of sorted leaves, all in one array, with the last number of each leaf beside it and, for each window, a mask: bit *i* says that the
 * leaf's *i*-th number is in the window. A shorter window holds some of what the next longer one holds, and all numbers lie in the longest,
 * so they are put in and taken out once; when one leaves a shorter window only a bit goes. Neighbours that fit into half a leaf are
 * joined, so that two of them always hold more than that, and n numbers never lie in more than n/8 + 2 leaves.
 *
 * Equal numbers are ordered by the windows that they have left, those of the fewest windows first: which of them leaves next needs no time.
 *
 * A rank is looked for from the leaf in which the window's last one was, a step or two away.
 */
export class SortedValues {
  readonly #windows: number;
  #values = new Float64Array(LEAF);
  /** In the order of the values: each leaf's place in `#values`, its last value, and its mask for each window, the shortest first. */
  #places = new Uint16Array(1);
  #lasts = new Float64Array(1);
  #masks: Int32Array;
  #leaves = 1;
  readonly #free: number[] = [];
  /** Of each window: its numbers, the leaf in which one was last looked for, and how many of the window's lie in the leaves before that. */
  readonly #sizes: Int32Array;
  readonly #cursors: Int32Array;
  readonly #below: Int32Array;

  constructor(windows: number) {
    this.#windows = windows;
    this.#masks = new Int32Array(windows);
    [this.#sizes, this.#cursors, this.#below] = [new Int32Array(windows), new Int32Array(windows), new Int32Array(windows)];
  }

  size(window: number): number {
    return this.#sizes[window]!;
  }

  /** Puts a number into a window and into all longer ones. */
  add(x: number, window: number): void {
    let leaf = this.#leafOf(x, window);
    if (this.#sizeOf(leaf) === LEAF) {
      this.#split(leaf);
      if (this.#endsBefore(leaf, x, window)) leaf++;
    }
    const size = this.#sizeOf(leaf);
    const i = this.#placeIn(leaf, x, window);
    const values = this.#values;
    const start = LEAF * this.#places[leaf]!;
    for (let at = start + size; at > start + i; at--) values[at] = values[at - 1]!;
    values[start + i] = x;
    this.#lasts[leaf] = values[start + size]!;
    const masks = this.#masks;
    const before = (1 << i) - 1;
    for (let each = 0, at = leaf * this.#windows; each < this.#windows; each++, at++) {
      const mask = masks[at]!;
      const moved = (mask & before) | ((mask & ~before) << 1);
      if (each < window) masks[at] = moved;
      else {
        masks[at] = moved | (1 << i);
        this.#count(leaf, each, 1);
      }
    }
  }

  /** Takes a number out of the shortest window that holds it; it must have left all that are shorter. */
  leave(x: number, window: number): void {
    const leaf = this.#leafOf(x, window);
    const i = this.#placeIn(leaf, x, window);
    const at = LEAF * this.#places[leaf]! + i;
    const size = this.#sizeOf(leaf);
    if (i === size || this.#values[at] !== x) throw new RangeError(`sorted values: ${x} is not in window ${window}`);
    this.#count(leaf, window, -1);
    if (window === this.#windows - 1) this.#remove(leaf, i, size);
    else this.#masks[leaf * this.#windows + window]! &= ~(1 << i);
  }

  /** The exact median, the mean of the two middle values when their number is even; NaN of nothing. */
  median(window: number): number {
    const size = this.#sizes[window]!;
    if (size === 0) return NaN;
    const rank = (size - 1) >>> 1;
    let leaf = this.#seek(rank, window);
    let mask = this.#withoutLowest(this.#masks[leaf * this.#windows + window]!, rank - this.#below[window]!);
    const lower = this.#lowest(leaf, mask);
    if (size % 2 === 1) return lower;
    for (mask &= mask - 1; mask === 0; ) mask = this.#masks[++leaf * this.#windows + window]!;
    return (lower + this.#lowest(leaf, mask)) / 2;
  }

  /** The smallest value that at least the share `q` (0–1) of a window's values does not exceed; NaN of nothing. */
  quantile(q: number, window: number): number {
    const size = this.#sizes[window]!;
    if (size === 0) return NaN;
    const rank = Math.max(0, Math.ceil(q * size) - 1);
    const leaf = this.#seek(rank, window);
    return this.#lowest(leaf, this.#withoutLowest(this.#masks[leaf * this.#windows + window]!, rank - this.#below[window]!));
  }

  get bytes(): number {
    return this.#values.byteLength + this.#places.byteLength + this.#lasts.byteLength + this.#masks.byteLength;
  }

  /** Every number is in the longest window. */
  #sizeOf(leaf: number): number {
    return LEAF - Math.clz32(this.#masks[(leaf + 1) * this.#windows - 1]!);
  }

  /** The first leaf that does not end before the first `x` of the window, else the last leaf. */
  #leafOf(x: number, window: number): number {
    const lasts = this.#lasts;
    let low = 0;
    let high = this.#leaves - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = lasts[middle]!;
      if (last < x || (last === x && this.#endsBefore(middle, x, window))) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether a leaf's last number is smaller, or equal and no more in the window. */
  #endsBefore(leaf: number, x: number, window: number): boolean {
    const last = this.#lasts[leaf]!;
    return last < x || (last === x && (this.#masks[leaf * this.#windows + window]! >>> (this.#sizeOf(leaf) - 1)) % 2 === 0);
  }

  /** How many of a leaf come before the first `x` of the window. */
  #placeIn(leaf: number, x: number, window: number): number {
    const values = this.#values;
    const start = LEAF * this.#places[leaf]!;
    const mask = this.#masks[leaf * this.#windows + window]!;
    let low = 0;
    let high = this.#sizeOf(leaf);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const value = values[start + middle]!;
      if (value < x || (value === x && ((mask >>> middle) & 1) === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #count(leaf: number, window: number, change: number): void {
    this.#sizes[window]! += change;
    if (leaf < this.#cursors[window]!) this.#below[window]! += change;
  }

  #remove(leaf: number, i: number, size: number): void {
    const values = this.#values;
    const start = LEAF * this.#places[leaf]!;
    for (let at = start + i; at < start + size - 1; at++) values[at] = values[at + 1]!;
    if (size > 1) this.#lasts[leaf] = values[start + size - 2]!;
    const before = (1 << i) - 1;
    for (let window = 0, at = leaf * this.#windows; window < this.#windows; window++, at++) {
      const mask = this.#masks[at]!;
      this.#masks[at] = (mask & before) | ((mask >>> 1) & ~before);
    }
    if (size > LEAF / 2 || this.#leaves === 1) return;
    if (leaf + 1 < this.#leaves && this.#fits(leaf)) this.#join(leaf);
    else if (leaf > 0 && this.#fits(leaf - 1)) this.#join(leaf - 1);
  }

  /** The leaf that holds a window's number of this rank. */
  #seek(rank: number, window: number): number {
    const masks = this.#masks;
    const each = this.#windows;
    let cursor = this.#cursors[window]!;
    let below = this.#below[window]!;
    while (below > rank) below -= ones(masks[--cursor * each + window]!);
    for (let here = ones(masks[cursor * each + window]!); below + here <= rank; here = ones(masks[++cursor * each + window]!)) below += here;
    this.#cursors[window] = cursor;
    this.#below[window] = below;
    return cursor;
  }

  #withoutLowest(mask: number, bits: number): number {
    for (; bits > 0; bits--) mask &= mask - 1;
    return mask;
  }

  /** The value of a mask's lowest bit. */
  #lowest(leaf: number, mask: number): number {
    return this.#values[LEAF * this.#places[leaf]! + LEAF - 1 - Math.clz32(mask & -mask)]!;
  }

  #split(leaf: number): void {
    const place = this.#freePlace();
    const from = LEAF * this.#places[leaf]!;
    this.#values.copyWithin(LEAF * place, from + LEAF / 2, from + LEAF);
    this.#places.copyWithin(leaf + 1, leaf, this.#leaves);
    this.#lasts.copyWithin(leaf + 1, leaf, this.#leaves);
    this.#masks.copyWithin((leaf + 1) * this.#windows, leaf * this.#windows, this.#leaves * this.#windows);
    this.#leaves++;
    this.#places[leaf + 1] = place;
    this.#lasts[leaf] = this.#values[from + LEAF / 2 - 1]!;
    for (let window = 0, at = leaf * this.#windows; window < this.#windows; window++, at++) {
      const mask = this.#masks[at]!;
      this.#masks[at] = mask & 0xffff;
      this.#masks[at + this.#windows] = mask >>> (LEAF / 2);
      if (this.#cursors[window]! > leaf) this.#cursors[window]!++;
    }
  }

  /** Whether a leaf and the next fit into half a leaf, or one is empty: its last value would send searches astray. */
  #fits(left: number): boolean {
    const [size, more] = [this.#sizeOf(left), this.#sizeOf(left + 1)];
    return size + more <= LEAF / 2 || size === 0 || more === 0;
  }

  #join(left: number): void {
    const right = left + 1;
    const [size, more] = [this.#sizeOf(left), this.#sizeOf(right)];
    const from = LEAF * this.#places[right]!;
    this.#values.copyWithin(LEAF * this.#places[left]! + size, from, from + more);
    this.#free.push(this.#places[right]!);
    if (more > 0) this.#lasts[left] = this.#lasts[right]!;
    for (let window = 0, at = left * this.#windows; window < this.#windows; window++, at++) {
      if (this.#cursors[window] === right) this.#below[window]! -= ones(this.#masks[at]!);
      if (this.#cursors[window]! > left) this.#cursors[window]!--;
      // A left leaf that is full has an empty right one; and to shift by 32 is to shift by nothing.
      if (more > 0) this.#masks[at]! |= this.#masks[at + this.#windows]! << size;
    }
    this.#places.copyWithin(right, right + 1, this.#leaves);
    this.#lasts.copyWithin(right, right + 1, this.#leaves);
    this.#masks.copyWithin(right * this.#windows, (right + 1) * this.#windows, this.#leaves * this.#windows);
    this.#leaves--;
  }

  /** A place for one more leaf; the arrays grow by half when there is none. */
  #freePlace(): number {
    const place = this.#free.pop();
    if (place !== undefined) return place;
    if (this.#leaves === this.#places.length) {
      const capacity = Math.ceil(1.5 * this.#leaves) + 1;
      this.#values = grown(this.#values, new Float64Array(LEAF * capacity));
      this.#places = grown(this.#places, new Uint16Array(capacity));
      this.#lasts = grown(this.#lasts, new Float64Array(capacity));
      this.#masks = grown(this.#masks, new Int32Array(this.#windows * capacity));
    }
    return this.#leaves;
  }
}

/** How many bits of 32 are set (the SWAR count: pairs, then fours, then the sum of the bytes in the highest one). */
function ones(mask: number): number {
  mask = (mask - ((mask >>> 1) & 0x5555_5555)) | 0;
  mask = (mask & 0x3333_3333) + ((mask >>> 2) & 0x3333_3333);
  return Math.imul((mask + (mask >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

function grown<T extends Float64Array | Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
