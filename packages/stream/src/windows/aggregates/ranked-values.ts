/** Numbers of one leaf at most: as many as a mask has bits. */
const LEAF = 32;

// What is known of a window, side by side: how many numbers it has; the least and the greatest, each with how many equal ones are known of; and
// its run, numbers that follow each other: how many come before them, how many they are, and they themselves.
const SIZE = 0;
const LEAST = 1;
const LEAST_NUM = 2;
const GREATEST = 3;
const GREATEST_NUM = 4;
const BEFORE = 5;
const RUN_SIZE = 6;
const RUN = 7;
const MOST_IN_RUN = 16;
const WIDTH = RUN + MOST_IN_RUN;

/**
 * Numbers by rank, shared by windows of several lengths: any of a window's numbers by rank, so that every quantile is exact whatever the
 * numbers are.
 *
 * They lie in leaves, and no number of a leaf is greater than any of the next. Within a leaf they lie as they came: a number stays where it is
 * and is found there again when it leaves. For each window a leaf has a mask, whose bit *i* says that the *i*-th number is in the window. All
 * numbers lie in the longest window, and a shorter one holds some of what the next longer one holds; when a number leaves a shorter window only
 * a bit goes. A full leaf is split at its middle; a small one is joined with a neighbour when both fit into half a leaf.
 *
 * Splits and joins move numbers, and nobody is told: who takes a number out says where it was last seen, and if it isn't there it is looked
 * for. Equal numbers can stand for each other, so any one does that is in the same windows.
 *
 * Of each window the numbers around its median are kept, a run in their order. What comes and goes elsewhere moves the median along the run by a
 * step; only at an end of it is a new one made from the leaves. Of the least and the greatest it is known how many there are; only when the last
 * of them has left are others looked for.
 */
export class RankedValues {
  readonly #windows: number;
  readonly #known: Float64Array;
  #values = new Float64Array(LEAF);
  /** By leaf, as `#values`: its mask for each window, the shortest first. */
  #masks: Int32Array;
  /** In the order of the numbers: each leaf, and what none of its numbers is less than. */
  #order = new Uint16Array(1);
  #floors = new Float64Array([-Infinity]);
  #leaves = 1;
  readonly #free: number[] = [];

  constructor(windows: number) {
    this.#windows = windows;
    this.#masks = new Int32Array(windows);
    this.#known = new Float64Array(WIDTH * windows);
    for (let at = 0; at < this.#known.length; at += WIDTH) this.#known[at + LEAST] = this.#known[at + GREATEST] = NaN;
  }

  size(window: number): number {
    return this.#known[WIDTH * window + SIZE]!;
  }

  /** Puts a number into a window and into all longer ones; returns its place. */
  add(x: number, window: number): number {
    let rank = this.#rankOf(x);
    if (this.#held(this.#order[rank]!) === -1) {
      this.#split(rank, x);
      rank = this.#rankOf(x);
    }
    const leaf = this.#order[rank]!;
    const held = this.#held(leaf);
    const free = ~held & (held + 1);
    const place = LEAF * leaf + highest(free);
    this.#values[place] = x;
    for (let each = window, at = leaf * this.#windows + window; each < this.#windows; each++, at++) {
      this.#masks[at]! |= free;
      this.#enter(x, WIDTH * each);
    }
    return place;
  }

  /**
   * Takes a number out of the shortest window that holds it; it must have left all that are shorter.
   *
   * @param seen its place as it was when it was put in, or last found.
   * @returns its place now.
   * @throws RangeError when the window holds no such number.
   */
  leave(x: number, window: number, seen: number): number {
    const place = this.#isAt(seen | 0, x, window) ? seen | 0 : this.#find(x, window);
    const leaf = leafAt(place);
    this.#masks[leaf * this.#windows + window]! &= ~(1 << place);
    this.#exit(x, WIDTH * window);
    if (window === this.#windows - 1) this.#joinSmall(leaf);
    return place;
  }

  /** The exact median, the mean of the two middle values when their number is even; NaN of nothing. */
  median(window: number): number {
    const known = this.#known;
    const at = WIDTH * window;
    const size = known[at + SIZE]!;
    if (size === 0) return NaN;
    const odd = size & 1;
    const lower = (size - 1) >>> 1;
    const upper = lower + 1 - odd;
    if (lower < known[at + BEFORE]! || upper >= known[at + BEFORE]! + known[at + RUN_SIZE]!) this.#makeRun(window, Math.max(0, upper - MOST_IN_RUN / 2));
    const i = at + RUN + lower - known[at + BEFORE]!;
    return odd ? known[i]! : (known[i]! + known[i + 1]!) / 2;
  }

  /** The least number of a window, NaN of nothing. */
  least(window: number): number {
    const known = this.#known;
    const at = WIDTH * window;
    if (Number.isNaN(known[at + LEAST]!) && known[at + SIZE]! > 0) {
      let rank = 0;
      while (this.#mask(rank, window) === 0) rank++;
      this.#sort(rank, window);
      known[at + LEAST] = sorted[0]!;
      known[at + LEAST_NUM] = 1;
    }
    return known[at + LEAST]!;
  }

  /** The greatest number of a window, NaN of nothing. */
  greatest(window: number): number {
    const known = this.#known;
    const at = WIDTH * window;
    if (Number.isNaN(known[at + GREATEST]!) && known[at + SIZE]! > 0) {
      let rank = this.#leaves - 1;
      while (this.#mask(rank, window) === 0) rank--;
      known[at + GREATEST] = sorted[this.#sort(rank, window) - 1]!;
      known[at + GREATEST_NUM] = 1;
    }
    return known[at + GREATEST]!;
  }

  /** The smallest value that at least the share `q` (0–1) of a window's values does not exceed; NaN of nothing. */
  quantile(q: number, window: number): number {
    const size = this.size(window);
    if (size === 0) return NaN;
    const index = Math.min(size - 1, Math.max(0, Math.ceil(q * size) - 1));
    this.#makeRun(window, index);
    return this.#known[WIDTH * window + RUN]!;
  }

  get bytes(): number {
    return this.#values.byteLength + this.#masks.byteLength + this.#order.byteLength + this.#floors.byteLength + this.#known.byteLength;
  }

  #enter(x: number, at: number): void {
    const known = this.#known;
    known[at + SIZE]!++;
    // Comparisons with NaN are false: what must be looked for stays so.
    if (x <= known[at + LEAST]!) {
      known[at + LEAST_NUM] = x < known[at + LEAST]! ? 1 : known[at + LEAST_NUM]! + 1;
      known[at + LEAST] = x;
    }
    if (x >= known[at + GREATEST]!) {
      known[at + GREATEST_NUM] = x > known[at + GREATEST]! ? 1 : known[at + GREATEST_NUM]! + 1;
      known[at + GREATEST] = x;
    }
    const size = known[at + RUN_SIZE]!;
    if (size === 0) return;
    if (x < known[at + RUN]!) known[at + BEFORE]!++;
    else if (x <= known[at + RUN + size - 1]!) this.#enterRun(x, at);
  }

  #exit(x: number, at: number): void {
    const known = this.#known;
    known[at + SIZE]!--;
    if (x === known[at + LEAST] && --known[at + LEAST_NUM]! === 0) known[at + LEAST] = NaN;
    if (x === known[at + GREATEST] && --known[at + GREATEST_NUM]! === 0) known[at + GREATEST] = NaN;
    const size = known[at + RUN_SIZE]!;
    if (size === 0) return;
    if (x < known[at + RUN]!) known[at + BEFORE]!--;
    else if (x <= known[at + RUN + size - 1]!) this.#exitRun(x, at);
  }

  #enterRun(x: number, at: number): void {
    const known = this.#known;
    if (known[at + RUN_SIZE] === MOST_IN_RUN) this.#dropAnEnd(at);
    const first = at + RUN;
    const end = first + known[at + RUN_SIZE]!;
    if (x < known[first]!) known[at + BEFORE]!++;
    else if (x <= known[end - 1]!) {
      let i = end;
      for (; known[i - 1]! > x; i--) known[i] = known[i - 1]!;
      known[i] = x;
      known[at + RUN_SIZE]!++;
    }
  }

  /** Of the run's ends the one goes that is farther from the middle. */
  #dropAnEnd(at: number): void {
    const known = this.#known;
    if (2 * known[at + BEFORE]! + MOST_IN_RUN < known[at + SIZE]!) {
      known.copyWithin(at + RUN, at + RUN + 1, at + RUN + MOST_IN_RUN);
      known[at + BEFORE]!++;
    }
    known[at + RUN_SIZE]!--;
  }

  #exitRun(x: number, at: number): void {
    const known = this.#known;
    const last = at + RUN + --known[at + RUN_SIZE]!;
    let i = at + RUN;
    while (known[i]! < x) i++;
    for (; i < last; i++) known[i] = known[i + 1]!;
  }

  /** Makes a window's run begin at an index. */
  #makeRun(window: number, index: number): void {
    const known = this.#known;
    const at = WIDTH * window;
    let before = 0;
    let rank = 0;
    for (let here = ones(this.#mask(0, window)); before + here <= index; here = ones(this.#mask(++rank, window))) before += here;
    let size = 0;
    for (let from = index - before; size < MOST_IN_RUN && rank < this.#leaves; rank++, from = 0) {
      const found = this.#sort(rank, window);
      for (let i = from; i < found && size < MOST_IN_RUN; i++) known[at + RUN + size++] = sorted[i]!;
    }
    known[at + BEFORE] = index;
    known[at + RUN_SIZE] = size;
  }

  /** The mask of the longest window, which holds all numbers. */
  #held(leaf: number): number {
    return this.#masks[(leaf + 1) * this.#windows - 1]!;
  }

  #mask(rank: number, window: number): number {
    return this.#masks[this.#order[rank]! * this.#windows + window]!;
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

  /** Whether at a place there is an `x` that is in the window and in none that is shorter. */
  #isAt(place: number, x: number, window: number): boolean {
    return this.#values[place] === x && ((this.#leavable(leafAt(place), window) >>> place) & 1) === 1;
  }

  /** Which of a leaf's numbers are in the window and in none that is shorter. */
  #leavable(leaf: number, window: number): number {
    const at = leaf * this.#windows + window;
    return window === 0 ? this.#masks[at]! : this.#masks[at]! & ~this.#masks[at - 1]!;
  }

  #find(x: number, window: number): number {
    for (let rank = this.#rankOf(x); rank >= 0; rank--) {
      const leaf = this.#order[rank]!;
      for (let mask = this.#leavable(leaf, window); mask !== 0; mask &= mask - 1) {
        const place = LEAF * leaf + highest(mask & -mask);
        if (this.#values[place] === x) return place;
      }
      if (this.#floors[rank]! < x) break;
    }
    throw new RangeError(`ranked values: ${x} is not in window ${window}`);
  }

  /** Sorts a window's numbers of a leaf into `sorted`; returns how many they are. */
  #sort(rank: number, window: number): number {
    const values = this.#values;
    const from = LEAF * this.#order[rank]!;
    let size = 0;
    for (let mask = this.#mask(rank, window); mask !== 0; mask &= mask - 1) {
      const x = values[from + highest(mask & -mask)]!;
      let at = size++;
      for (; at > 0 && sorted[at - 1]! > x; at--) sorted[at] = sorted[at - 1]!;
      sorted[at] = x;
    }
    return size;
  }

  /** Makes room for `x` in a full leaf. */
  #split(rank: number, x: number): void {
    const right = this.#freeLeaf();
    const left = this.#order[rank]!;
    const values = this.#values;
    const from = LEAF * left;
    this.#sort(rank, this.#windows - 1);
    const least = sorted[0]!;
    // From the middle on, unless what is below it is equal; then from what is greater. If there is nothing greater, all or none go, to make way for `x`.
    let middle = LEAF / 2;
    while (middle < LEAF && sorted[middle] === least) middle++;
    const floor = middle < LEAF ? sorted[middle]! : Math.max(least, x);
    let moved = 0;
    if (middle < LEAF || x < least) for (let i = 0; i < LEAF; i++) if (values[from + i]! >= floor) moved |= 1 << i;

    this.#order.copyWithin(rank + 1, rank, this.#leaves);
    this.#floors.copyWithin(rank + 1, rank, this.#leaves);
    this.#leaves++;
    this.#order[rank + 1] = right;
    this.#floors[rank + 1] = floor;
    values.copyWithin(LEAF * right, from, from + LEAF);
    for (let window = 0; window < this.#windows; window++) {
      const mask = this.#masks[left * this.#windows + window]!;
      this.#masks[left * this.#windows + window] = mask & ~moved;
      this.#masks[right * this.#windows + window] = mask & moved;
    }
    // Beside many equal numbers it may have got few, time and again.
    this.#joinSmall(right);
  }

  /** Joins a leaf that has become small with a neighbour when both fit into half a leaf. */
  #joinSmall(leaf: number): void {
    const size = ones(this.#held(leaf));
    if (size > LEAF / 4) return;
    const rank = this.#order.indexOf(leaf);
    if (rank + 1 < this.#leaves && size + ones(this.#held(this.#order[rank + 1]!)) <= LEAF / 2) this.#join(rank);
    else if (rank > 0 && size + ones(this.#held(this.#order[rank - 1]!)) <= LEAF / 2) this.#join(rank - 1);
  }

  /** Moves the numbers of the next leaf into this one. */
  #join(rank: number): void {
    const left = this.#order[rank]!;
    const right = this.#order[rank + 1]!;
    const [to, of] = [left * this.#windows, right * this.#windows];
    for (let mask = this.#held(right); mask !== 0; mask &= mask - 1) {
      const i = highest(mask & -mask);
      const held = this.#held(left);
      const free = highest(~held & (held + 1));
      this.#values[LEAF * left + free] = this.#values[LEAF * right + i]!;
      for (let window = 0; window < this.#windows; window++) this.#masks[to + window]! |= ((this.#masks[of + window]! >>> i) & 1) << free;
    }
    this.#masks.fill(0, of, of + this.#windows);
    this.#free.push(right);
    this.#order.copyWithin(rank + 1, rank + 2, this.#leaves);
    this.#floors.copyWithin(rank + 1, rank + 2, this.#leaves);
    this.#leaves--;
  }

  /** One more leaf; the arrays grow by half when there is none. */
  #freeLeaf(): number {
    const leaf = this.#free.pop();
    if (leaf !== undefined) return leaf;
    if (this.#leaves === this.#order.length) {
      const capacity = Math.ceil(1.5 * this.#leaves) + 1;
      this.#values = grown(this.#values, new Float64Array(LEAF * capacity));
      this.#masks = grown(this.#masks, new Int32Array(this.#windows * capacity));
      this.#order = grown(this.#order, new Uint16Array(capacity));
      this.#floors = grown(this.#floors, new Float64Array(capacity));
    }
    return this.#leaves;
  }
}

/** A leaf's numbers while one is looked for among them. */
const sorted = new Float64Array(LEAF);

/** The leaf of a place: places are whole numbers, and a shift is quicker than to divide and round. */
const leafAt = (place: number): number => place >>> 5;

/** Which bit it is. */
const highest = (bit: number): number => LEAF - 1 - Math.clz32(bit);

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
