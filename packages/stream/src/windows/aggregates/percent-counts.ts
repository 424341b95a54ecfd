/** Percents from 0 to 100, and one place for how many there are. */
const PLACES = 102;
const SIZE = 101;

/**
 * How often each whole percent occurs, for many series at once: an exact median in 204 bytes a series, whatever the length of
 * the window. A card's windows share places (`[percent][series]`): one sample enters them all within one cache line.
 */
export class PercentCounts {
  readonly #counts: Uint16Array;
  readonly #series: number;

  constructor(series: number) {
    this.#series = series;
    this.#counts = new Uint16Array(PLACES * series);
  }

  shift(series: number, percent: number, sign: 1 | -1): void {
    this.#counts[percent * this.#series + series]! += sign;
    this.#counts[SIZE * this.#series + series]! += sign;
  }

  /** The mean of the two middle values when their number is even; `null` of nothing. */
  median(series: number): number | null {
    const counts = this.#counts;
    const step = this.#series;
    const size = counts[SIZE * step + series]!;
    if (size === 0) return null;
    const upper = size >>> 1;
    const lower = size % 2 === 1 ? upper : upper - 1;
    let place = series;
    let counted = counts[place]!;
    while (counted <= lower) counted += counts[(place += step)]!;
    const first = place;
    while (counted <= upper) counted += counts[(place += step)]!;
    return (first + place - 2 * series) / (2 * step);
  }

  get bytes(): number {
    return this.#counts.byteLength;
  }
}
