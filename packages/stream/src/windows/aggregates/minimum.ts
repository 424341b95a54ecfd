import type { Millis } from '@vacancy/shared';
import type { Trailing } from './aggregate.js';

/**
 * The least value since any moment, NaN of none. Of all values it keeps those that no later value undercuts, a staircase that only rises with
 * time: the first step after a moment is the least value since then. One staircase serves the windows of all lengths.
 */
export class Minimum implements Trailing<number> {
  /** Pairs of time and value, in the order of time, `#size` of them. */
  #steps = new Float64Array(2 * 4);
  #size = 0;

  add(ts: Millis, x: number, start: Millis): void {
    if (2 * this.#size === this.#steps.length) this.#makeRoom(start);
    const at = this.#firstAfter(ts);
    if (at < this.#size && this.#steps[2 * at + 1]! <= x) return;
    let from = at;
    while (from > 0 && this.#steps[2 * from - 1]! >= x) from--;
    this.#replace(from, at, ts, x);
  }

  since(start: Millis): number {
    const at = this.#firstAfter(start);
    return at < this.#size ? this.#steps[2 * at + 1]! : NaN;
  }

  /** Bytes held by the steps. */
  get bytes(): number {
    return this.#steps.byteLength;
  }

  #firstAfter(ts: Millis): number {
    const steps = this.#steps;
    let low = 0;
    let high = this.#size;
    if (high > 0 && steps[2 * high - 2]! <= ts) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (steps[2 * middle]! <= ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The steps from `from` to `to` give way to one. */
  #replace(from: number, to: number, ts: Millis, x: number): void {
    if (to < this.#size && to !== from + 1) this.#steps.copyWithin(2 * (from + 1), 2 * to, 2 * this.#size);
    this.#steps[2 * from] = ts;
    this.#steps[2 * from + 1] = x;
    this.#size += 1 - (to - from);
  }

  /** Drops the steps that nobody will ask for, and doubles the space when that leaves it more than half full. */
  #makeRoom(start: Millis): void {
    const gone = this.#firstAfter(start);
    const kept = this.#steps.subarray(2 * gone, 2 * this.#size);
    const roomy = 2 * kept.length > this.#steps.length ? new Float64Array(2 * this.#steps.length) : this.#steps;
    roomy.set(kept);
    this.#steps = roomy;
    this.#size -= gone;
  }
}
