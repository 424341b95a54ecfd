import type { Millis } from '@vacancy/shared';
import { Memory } from '../memory.js';

/** Numbers of one leaf at most, and how many a full one may have left after it was cleaned before it is split. */
const LEAF = 32;
const MOST_AFTER_CLEANING = 28;
/** What a leaf takes: first its numbers, then the moment of each. */
const BLOCK = 2 * LEAF;

// What is known of a window, side by side: how many numbers it has; the least and the greatest, and how many equal ones there are of each; and its
// run: how many numbers come before it, how many it stands for, how many different ones these are, and of each what it is and how often it occurs.
const SIZE = 0;
const LEAST = 1;
const LEAST_NUM = 2;
const GREATEST = 3;
const GREATEST_NUM = 4;
const BEFORE = 5;
const COUNT = 6;
const RUN_SIZE = 7;
const RUN = 8;
const MOST_IN_RUN = 8;
const OFTEN = RUN + MOST_IN_RUN;
const WIDTH = OFTEN + MOST_IN_RUN;

/**
 * Numbers by rank, each of a moment, shared by sliding windows of several lengths: any of a window's numbers by rank, so that every
 * quantile is exact whatever the numbers are.
 *
 * The numbers lie in leaves, and no number of a leaf is greater than any of the next; within a leaf they lie as they came. Windows have no
 * place in the leaves: a number is in a window when its moment is after the window's start. So nothing has to be found when a number leaves;
 * it stays until its leaf is full and cleaned. Whenever one is full, two others are cleaned in turn, and small ones are joined.
 *
 * Of each window a run is kept: the different numbers around its median in their order, and how often each occurs. The same is kept of its
 * least and its greatest. What comes and goes elsewhere moves the median along the run by a step; only at an end of the run, or when the last of
 * the least has gone, are the next numbers looked for in the leaves, from there on.
 *
 * Who asks for a window's number says when the window starts: those up to that moment must have left, and no others.
 */
export class RankedValues {
  readonly #windows: number;
  readonly #known: Float64Array;
  /** Leaf by leaf; and how many numbers each has. */
  #numbers = new Float64Array(BLOCK);
  #sizes = new Uint8Array(1);
  /** In the order of the numbers: each leaf, and what none of its numbers is less than. */
  #order = new Uint16Array(1);
  #floors = new Float64Array([-Infinity]);
  #leaves = 1;
  readonly #free: number[] = [];
  /** The rank of the leaf that was cleaned last in turn. */
  #turn = 0;

  constructor(windows: number, memory = new Memory()) {
    this.#windows = windows;
    this.#known = memory.float64(WIDTH * windows);
  }

  size(window: number): number {
    return this.#known[WIDTH * window + SIZE]!;
  }

  /** Puts a number of the moment `ts` into a window and into all longer ones, of which the longest holds what is after `start`. */
  add(x: number, ts: Millis, window: number, start: Millis): void {
    let rank = this.#rankOf(x);
    if (this.#sizes[this.#order[rank]!] === LEAF) rank = this.#makeRoom(x, start);
    const leaf = this.#order[rank]!;
    const at = BLOCK * leaf + this.#sizes[leaf]!++;
    this.#numbers[at] = x;
    this.#numbers[at + LEAF] = ts;
    for (let each = window; each < this.#windows; each++) this.#enter(x, WIDTH * each);
  }

  /** Takes a number out of a window that holds it. */
  leave(x: number, window: number): void {
    this.#exit(x, WIDTH * window);
  }

  /** The exact median, the mean of the two middle values when their number is even; NaN of nothing. */
  median(window: number, start: Millis): number {
    const known = this.#known;
    const at = WIDTH * window;
    const size = known[at + SIZE]!;
    if (size === 0) return NaN;
    const lower = (size - 1) >>> 1;
    const upper = size >>> 1;
    while (lower < known[at + BEFORE]!) this.#walkDown(at, start);
    while (upper >= known[at + BEFORE]! + known[at + COUNT]!) this.#walkUp(at, start);
    let i = at + RUN;
    let end = known[at + BEFORE]! + known[i + MOST_IN_RUN]!;
    while (end <= lower) end += known[++i + MOST_IN_RUN]!;
    return upper < end ? known[i]! : (known[i]! + known[i + 1]!) / 2;
  }

  /** The least number of a window, NaN of nothing. */
  least(window: number, start: Millis): number {
    const known = this.#known;
    const at = WIDTH * window;
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
    const at = WIDTH * window;
    if (known[at + SIZE] === 0) return NaN;
    if (known[at + GREATEST_NUM] === 0) {
      this.#below(known[at + GREATEST]!, start, 1);
      known[at + GREATEST] = -near[0]!;
      known[at + GREATEST_NUM] = often[0]!;
    }
    return known[at + GREATEST]!;
  }

  /** The smallest value that at least the share `q` (0–1) of a window's values does not exceed; NaN of nothing. Counted out when it is asked for. */
  quantile(q: number, window: number, start: Millis): number {
    const size = this.size(window);
    if (size === 0) return NaN;
    let index = Math.min(size - 1, Math.max(0, Math.ceil(q * size) - 1));
    for (let rank = 0; rank < this.#leaves; rank++) {
      const from = BLOCK * this.#order[rank]!;
      const inside = this.#numbers.slice(from, from + this.#sizes[this.#order[rank]!]!).filter((_, i) => this.#numbers[from + i + LEAF]! > start);
      if (index < inside.length) return inside.sort()[index]!;
      index -= inside.length;
    }
    throw new RangeError(`ranked values: there are not ${size} after ${start}`);
  }

  get bytes(): number {
    return [this.#known, this.#numbers, this.#sizes, this.#order, this.#floors].reduce((sum, { byteLength }) => sum + byteLength, 0);
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
    if (x < known[at + RUN]!) known[at + BEFORE]!++;
    else if (x <= this.#endOfRun(at)) this.#enterRun(x, at);
  }

  #exit(x: number, at: number): void {
    const known = this.#known;
    known[at + SIZE]!--;
    if (x === known[at + LEAST]) known[at + LEAST_NUM]!--;
    if (x === known[at + GREATEST]) known[at + GREATEST_NUM]!--;
    if (x < known[at + RUN]!) known[at + BEFORE]!--;
    else if (x <= this.#endOfRun(at)) this.#exitRun(x, at);
  }

  #begin(x: number, at: number): void {
    const known = this.#known;
    known[at + LEAST] = known[at + GREATEST] = known[at + RUN] = x;
    known[at + LEAST_NUM] = known[at + GREATEST_NUM] = known[at + OFTEN] = known[at + COUNT] = known[at + RUN_SIZE] = 1;
    known[at + BEFORE] = 0;
  }

  /** The last number of the run. An empty run still has the place of its last one, before or after which others are counted. */
  #endOfRun(at: number): number {
    return this.#known[at + RUN + Math.max(0, this.#known[at + RUN_SIZE]! - 1)]!;
  }

  #enterRun(x: number, at: number): void {
    const known = this.#known;
    let size = known[at + RUN_SIZE]!;
    let i = at + RUN;
    while (i < at + RUN + size && known[i]! < x) i++;
    if (i === at + RUN + size || known[i] !== x) {
      if (size === MOST_IN_RUN) {
        this.#dropAnEnd(at);
        return this.#enterBesideRun(x, at);
      }
      for (let to = at + RUN + size; to > i; to--) {
        known[to] = known[to - 1]!;
        known[to + MOST_IN_RUN] = known[to - 1 + MOST_IN_RUN]!;
      }
      known[i] = x;
      known[i + MOST_IN_RUN] = 0;
      known[at + RUN_SIZE] = ++size;
    }
    known[i + MOST_IN_RUN]!++;
    known[at + COUNT]!++;
  }

  /** When an end has gone the number may lie outside. */
  #enterBesideRun(x: number, at: number): void {
    if (x < this.#known[at + RUN]!) this.#known[at + BEFORE]!++;
    else if (x <= this.#endOfRun(at)) this.#enterRun(x, at);
  }

  #exitRun(x: number, at: number): void {
    const known = this.#known;
    known[at + COUNT]!--;
    let i = at + RUN;
    while (known[i]! < x) i++;
    if (--known[i + MOST_IN_RUN]! > 0) return;
    const last = at + RUN + --known[at + RUN_SIZE]!;
    for (; i < last; i++) {
      known[i] = known[i + 1]!;
      known[i + MOST_IN_RUN] = known[i + 1 + MOST_IN_RUN]!;
    }
  }

  /** Of the run's ends the one goes that is farther from the middle. */
  #dropAnEnd(at: number): void {
    const known = this.#known;
    if (2 * known[at + BEFORE]! + known[at + COUNT]! < known[at + SIZE]!) this.#dropFirst(at, 1);
    else this.#dropLast(at, 1);
  }

  #dropFirst(at: number, num: number): void {
    const known = this.#known;
    const size = known[at + RUN_SIZE]!;
    for (let i = at + OFTEN; i < at + OFTEN + num; i++) {
      known[at + BEFORE]! += known[i]!;
      known[at + COUNT]! -= known[i]!;
    }
    known.copyWithin(at + RUN, at + RUN + num, at + RUN + size);
    known.copyWithin(at + OFTEN, at + OFTEN + num, at + OFTEN + size);
    known[at + RUN_SIZE] = size - num;
  }

  #dropLast(at: number, num: number): void {
    const known = this.#known;
    for (let i = 0; i < num; i++) known[at + COUNT]! -= known[at + OFTEN + --known[at + RUN_SIZE]!]!;
  }

  /** Moves the run on by up to half of it. */
  #walkUp(at: number, start: Millis): void {
    const known = this.#known;
    const found = this.#above(this.#endOfRun(at), start, MOST_IN_RUN / 2);
    this.#dropFirst(at, Math.max(0, known[at + RUN_SIZE]! - MOST_IN_RUN / 2));
    const kept = known[at + RUN_SIZE]!;
    for (let i = 0; i < found; i++) {
      known[at + RUN + kept + i] = near[i]!;
      known[at + OFTEN + kept + i] = often[i]!;
      known[at + COUNT]! += often[i]!;
    }
    known[at + RUN_SIZE] = kept + found;
  }

  /** Moves the run back by up to half of it. */
  #walkDown(at: number, start: Millis): void {
    const known = this.#known;
    const found = this.#below(known[at + RUN]!, start, MOST_IN_RUN / 2);
    this.#dropLast(at, Math.max(0, known[at + RUN_SIZE]! - MOST_IN_RUN / 2));
    const kept = known[at + RUN_SIZE]!;
    known.copyWithin(at + RUN + found, at + RUN, at + RUN + kept);
    known.copyWithin(at + OFTEN + found, at + OFTEN, at + OFTEN + kept);
    for (let i = 0; i < found; i++) {
      known[at + RUN + found - 1 - i] = -near[i]!;
      known[at + OFTEN + found - 1 - i] = often[i]!;
      known[at + COUNT]! += often[i]!;
      known[at + BEFORE]! -= often[i]!;
    }
    known[at + RUN_SIZE] = kept + found;
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
      const from = BLOCK * this.#order[rank]!;
      const end = from + this.#sizes[this.#order[rank]!]!;
      for (let i = from; i < end; i++) if (this.#numbers[i + LEAF]! > start && this.#numbers[i]! > x) found = note(this.#numbers[i]!, found, most);
    }
    if (found === 0) throw new RangeError(`ranked values: nothing after ${start} is greater than ${x}`);
    return found;
  }

  /** The greatest that are less than `x`, likewise, but with their signs turned. */
  #below(x: number, start: Millis, most: number): number {
    let found = 0;
    for (let rank = this.#rankOf(x); rank >= 0; rank--) {
      const from = BLOCK * this.#order[rank]!;
      const end = from + this.#sizes[this.#order[rank]!]!;
      if (this.#floors[rank]! < x) for (let i = from; i < end; i++) if (this.#numbers[i + LEAF]! > start && this.#numbers[i]! < x) found = note(-this.#numbers[i]!, found, most);
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
      const buffer = new ArrayBuffer(8 * (BLOCK + 2) * capacity);
      this.#numbers = grown(this.#numbers, new Float64Array(buffer, 0, BLOCK * capacity));
      this.#floors = grown(this.#floors, new Float64Array(buffer, 8 * BLOCK * capacity, capacity));
      this.#order = grown(this.#order, new Uint16Array(buffer, 8 * (BLOCK + 1) * capacity, capacity));
      this.#sizes = grown(this.#sizes, new Uint8Array(buffer, 8 * (BLOCK + 1) * capacity + 2 * capacity, capacity));
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
