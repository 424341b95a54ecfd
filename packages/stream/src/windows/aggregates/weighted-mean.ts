import { Sum } from './sum.js';

/** The mean of values, each weighted by the time it stands for; `null` over no time. */
export class WeightedMean {
  readonly #sum = new Sum();
  #weight = 0;

  add(x: number, weight: number): void {
    this.#sum.add(x * weight);
    this.#weight += weight;
  }

  remove(x: number, weight: number): void {
    this.#sum.subtract(x * weight);
    this.#weight -= weight;
  }

  /** Observed time, ms: whole numbers, so it is exact. */
  get weight(): number {
    return this.#weight;
  }

  value(): number | null {
    return this.#weight > 0 ? this.#sum.value() / this.#weight : null;
  }
}
