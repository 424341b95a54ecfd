/** Values of one leaf at most; half of that after a split. 1 KiB, moved within the time of a few cache misses. */
const LEAF = 128;

interface Leaf {
  readonly values: Float64Array;
  size: number;
}

/**
 * Numbers in their order, with repetition: any of them by rank, so every quantile is exact whatever the values are.
 *
 * A list of sorted leaves. Adding or removing a number is a binary search for its leaf, one within it, and a move of at most
 * 128 neighbours; a rank is found by counting leaves. Neighbours that fit into half a leaf are joined, so that n numbers never
 * lie in more than n/32 + 1 leaves.
 */
export class SortedValues {
  readonly #leaves: Leaf[] = [emptyLeaf()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(x: number): void {
    const at = this.#leafOf(x);
    const leaf = this.#leaves[at]!;
    const position = lowerBound(leaf, x);
    leaf.values.copyWithin(position + 1, position, leaf.size);
    leaf.values[position] = x;
    leaf.size++;
    this.#size++;
    if (leaf.size === LEAF) this.#leaves.splice(at + 1, 0, split(leaf));
  }

  /** Takes out one number equal to `x`, which must be there. */
  remove(x: number): void {
    const at = this.#leafOf(x);
    const leaf = this.#leaves[at]!;
    const position = lowerBound(leaf, x);
    if (leaf.values[position] !== x || position >= leaf.size) throw new Error(`sorted values: ${x} is not there`);
    leaf.values.copyWithin(position, position + 1, leaf.size);
    leaf.size--;
    this.#size--;
    this.#joinAt(at);
  }

  /** The number with `rank` smaller ones or equals before it. */
  at(rank: number): number {
    let at = 0;
    while (rank >= this.#leaves[at]!.size) rank -= this.#leaves[at++]!.size;
    return this.#leaves[at]!.values[rank]!;
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

  /** Bytes held by the leaves. */
  get bytes(): number {
    return this.#leaves.length * LEAF * 8;
  }

  /** The first leaf whose last value is not below `x`, else the last leaf. */
  #leafOf(x: number): number {
    let low = 0;
    let high = this.#leaves.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const leaf = this.#leaves[middle]!;
      if (leaf.values[leaf.size - 1]! < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #joinAt(at: number): void {
    const first = at + 1 < this.#leaves.length ? at : at - 1;
    if (first < 0) return;
    const left = this.#leaves[first]!;
    const right = this.#leaves[first + 1]!;
    if (left.size + right.size > LEAF / 2) return;
    left.values.set(right.values.subarray(0, right.size), left.size);
    left.size += right.size;
    this.#leaves.splice(first + 1, 1);
  }
}

const emptyLeaf = (): Leaf => ({ values: new Float64Array(LEAF), size: 0 });

function split(leaf: Leaf): Leaf {
  const right = emptyLeaf();
  right.size = leaf.size >>> 1;
  leaf.size -= right.size;
  right.values.set(leaf.values.subarray(leaf.size, leaf.size + right.size));
  return right;
}

function lowerBound({ values, size }: Leaf, x: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
