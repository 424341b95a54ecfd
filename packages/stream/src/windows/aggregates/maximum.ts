import type { Millis } from '@vacancy/shared';
import type { Trailing } from './aggregate.js';
import { Minimum } from './minimum.js';

/** The greatest value since any moment. */
export class Maximum implements Trailing<number | null> {
  readonly #negated = new Minimum();

  add(ts: Millis, x: number, start: Millis): void {
    this.#negated.add(ts, -x, start);
  }

  since(start: Millis): number | null {
    const least = this.#negated.since(start);
    return least === null ? null : 0 - least;
  }

  get bytes(): number {
    return this.#negated.bytes;
  }
}
