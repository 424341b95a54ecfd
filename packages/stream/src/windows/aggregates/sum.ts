/**
 * A running sum that forgets what is taken out of it again. Plain floats would not: each addition rounds, and a window that
 * slides for a month adds and subtracts some million times. The rounding of every step is caught exactly (TwoSum) and summed
 * on its own, so the drift stays some 16 digits below the value.
 */
export class Sum {
  #high = 0;
  #low = 0;

  add(x: number): void {
    const high = this.#high + x;
    const rounded = high - this.#high;
    this.#low += this.#high - (high - rounded) + (x - rounded);
    this.#high = high;
  }

  subtract(x: number): void {
    this.add(-x);
  }

  value(): number {
    return this.#high + this.#low;
  }
}
