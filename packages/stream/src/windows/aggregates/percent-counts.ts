/** How often each whole percent occurs: 202 bytes, whatever the length of the window. */
export class PercentCounts {
  readonly #counts = new Uint16Array(101);
  #size = 0;

  add(percent: number): void {
    this.#counts[percent]!++;
    this.#size++;
  }

  remove(percent: number): void {
    this.#counts[percent]!--;
    this.#size--;
  }

  /** The exact median, the mean of the two middle values when their number is even; `null` of nothing. */
  median(): number | null {
    if (this.#size === 0) return null;
    const middle = this.#size >>> 1;
    let percent = 0;
    let counted = this.#counts[0]!;
    const lower = this.#size % 2 === 1 ? middle : middle - 1;
    while (counted <= lower) counted += this.#counts[++percent]!;
    const first = percent;
    while (counted <= middle) counted += this.#counts[++percent]!;
    return (first + percent) / 2;
  }
}
