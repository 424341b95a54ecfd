import type { Millis } from '@vacancy/shared';
import type { Trailing } from './aggregate.js';
import { Minimum } from './minimum.js';

/** The greatest value since any moment, NaN of none. */
export class Maximum implements Trailing<number> {
  readonly #negated = new Minimum();

  add(ts: Millis, x: number, start: Millis): void {
    this.#negated.add(ts, -x, start);
  }

  since(start: Millis): number {
    return 0 - this.#negated.since(start);
  }

  get bytes(): number {
    return this.#negated.bytes;
  }
}
