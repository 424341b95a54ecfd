import type { Millis } from '@vacancy/shared';

/** Numbers of one leaf at most, and how many a full one may have left after it was cleaned before it is split. */
const LEAF = 32;
const MOST_AFTER_CLEANING = 28;
/** What a leaf takes: first its numbers, then the moment of each. */
const BLOCK = 2 * LEAF;

/**
 * Numbers in their order, each of a moment after which it may go.
 *
 * They lie in leaves, and no number of a leaf is greater than any of the next; within a leaf they lie as they came. So to put one in takes
 * a search among the leaves and no move. Nothing has to be found when a number's time is over: who looks for numbers says after which moment, and
 * the others stay until their leaf is full and cleaned. Whenever one is full, two others are cleaned in turn, and small ones are joined.
 */
export class Leaves {
  /** Leaf by leaf; how many numbers each has; and a moment that none of them is later than. */
  #numbers = new Float64Array(BLOCK);
  #sizes = new Uint8Array(1);
  #newest = new Float64Array([-Infinity]);
  /** In the order of the numbers: each leaf, and what none of its numbers is less than. */
  #order = new Uint16Array(1);
  #floors = new Float64Array([-Infinity]);
  #num = 1;
  readonly #free: number[] = [];
  /** The rank of the leaf that was cleaned last in turn. */
  #turn = 0;

  /** Puts a number of the moment `ts` in; those up to `start` may go. */
  add(x: number, ts: Millis, start: Millis): void {
    let rank = this.#rankOf(x);
    if (this.#sizes[this.#order[rank]!] === LEAF) rank = this.#makeRoom(x, start);
    const leaf = this.#order[rank]!;
    const at = BLOCK * leaf + this.#sizes[leaf]!++;
    this.#numbers[at] = x;
    this.#numbers[at + LEAF] = ts;
    if (ts > this.#newest[leaf]!) this.#newest[leaf] = ts;
  }

  /**
   * Looks for the least numbers after `start` that are greater than `x`, at most so many different ones, up to `MOST_FOUND`: they are in `near`
   * then, and in `often` how often each occurs. Leaves that have nothing so late are passed over.
   * @returns how many it found.
   * @throws RangeError when there is none.
   */
  above(x: number, start: Millis, most: number): number {
    let found = 0;
    for (let rank = this.#rankOf(x); rank < this.#num; rank++) {
      if (found === most && this.#floors[rank]! > near[found - 1]!) break;
      const leaf = this.#order[rank]!;
      if (this.#newest[leaf]! <= start) continue;
      const from = BLOCK * leaf;
      const end = from + this.#sizes[leaf]!;
      for (let i = from; i < end; i++) if (this.#numbers[i + LEAF]! > start && this.#numbers[i]! > x) found = note(this.#numbers[i]!, found, most);
    }
    if (found === 0) throw new RangeError(`leaves: nothing after ${start} is greater than ${x}`);
    return found;
  }

  /** The greatest that are less than `x`, likewise. */
  below(x: number, start: Millis, most: number): number {
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
    if (found === 0) throw new RangeError(`leaves: nothing after ${start} is less than ${x}`);
    // They were looked for as the least of the numbers with their signs turned.
    for (let i = 0; i < found; i++) near[i] = -near[i]!;
    return found;
  }

  get bytes(): number {
    return [this.#numbers, this.#sizes, this.#newest, this.#order, this.#floors].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** The last leaf, by its rank, that `x` may lie in. */
  #rankOf(x: number): number {
    const floors = this.#floors;
    let low = 0;
    let high = this.#num;
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
    if (++this.#turn >= this.#num) this.#turn = 0;
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
    for (const array of [this.#order, this.#floors]) array.copyWithin(rank + 2, rank + 1, this.#num);
    this.#num++;
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
    return rank >= 0 && rank < this.#num ? this.#sizes[this.#order[rank]!]! : Infinity;
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
    for (const array of [this.#order, this.#floors]) array.copyWithin(rank + 1, rank + 2, this.#num);
    this.#num--;
  }

  /** One more leaf; the arrays grow by a fifth when there is none, and lie in one piece then. */
  #freeLeaf(): number {
    const leaf = this.#free.pop();
    if (leaf !== undefined) return leaf;
    if (this.#num === this.#order.length) {
      const capacity = Math.ceil(1.2 * this.#num) + 1;
      const buffer = new ArrayBuffer(8 * (BLOCK + 3) * capacity);
      this.#numbers = grown(this.#numbers, new Float64Array(buffer, 0, BLOCK * capacity));
      this.#floors = grown(this.#floors, new Float64Array(buffer, 8 * BLOCK * capacity, capacity));
      this.#newest = grown(this.#newest, new Float64Array(buffer, 8 * (BLOCK + 1) * capacity, capacity));
      this.#order = grown(this.#order, new Uint16Array(buffer, 8 * (BLOCK + 2) * capacity, capacity));
      this.#sizes = grown(this.#sizes, new Uint8Array(buffer, 8 * (BLOCK + 2) * capacity + 2 * capacity, capacity));
    }
    return this.#num;
  }
}

/** What was found last, the nearest first: different numbers, and how often each occurs. */
export const MOST_FOUND = 4;
export const near = new Float64Array(MOST_FOUND);
export const often = new Float64Array(MOST_FOUND);

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
