/** Places of one series: the percents 0 to 100, then how many there are, where the median was last, and how many lie below that. */
const SIZE = 101;
const CURSOR = 102;
const BELOW = 103;
const PLACES = 104;

/**
 * How often each whole percent occurs, for some series at once: an exact median in 208 bytes a series, whatever the length of the
 * window. The median is looked for from where it was last time, a step or two away. The series share places
 * (`[place][series]`): a sample that enters all windows of a card enters them within one cache line.
 */
export class PercentCounts {
  readonly #counts: Uint16Array;
  readonly #series: number;

  constructor(series: number) {
    this.#series = series;
    this.#counts = new Uint16Array(PLACES * series);
  }

  shift(series: number, percent: number, sign: 1 | -1): void {
    const counts = this.#counts;
    const step = this.#series;
    counts[percent * step + series]! += sign;
    counts[SIZE * step + series]! += sign;
    if (percent < counts[CURSOR * step + series]!) counts[BELOW * step + series]! += sign;
  }

  /** The mean of the two middle values when their number is even; `null` of nothing. */
  median(series: number): number | null {
    const size = this.#counts[SIZE * this.#series + series]!;
    if (size === 0) return null;
    const middle = size >>> 1;
    const upper = this.#seek(series, middle);
    return size % 2 === 1 ? upper : (this.#seek(series, middle - 1) + upper) / 2;
  }

  get bytes(): number {
    return this.#counts.byteLength;
  }

  /** Moves the cursor to the percent of this rank. */
  #seek(series: number, rank: number): number {
    const counts = this.#counts;
    const step = this.#series;
    let cursor = counts[CURSOR * step + series]!;
    let below = counts[BELOW * step + series]!;
    while (below > rank) below -= counts[--cursor * step + series]!;
    for (let here = counts[cursor * step + series]!; below + here <= rank; here = counts[++cursor * step + series]!) below += here;
    counts[CURSOR * step + series] = cursor;
    counts[BELOW * step + series] = below;
    return cursor;
  }
}
