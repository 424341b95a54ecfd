import { isFree8g, isUsed10pct, type GpuSample, type IdleRate, type IdleThresholds, type Millis } from '@vacancy/shared';

/** What a row keeps of a card: that it was there, and whether it was idle by each definition. */
const PRESENT = 1;
const FREE8G = 2;
const USED10PCT = 4;

export const idleFlags = (gpu: GpuSample, idle: IdleThresholds): number =>
  PRESENT | (isFree8g(gpu, idle) ? FREE8G : 0) | (isUsed10pct(gpu, idle) ? USED10PCT : 0);

/** Of each window and card: ms observed, and idle by each definition. */
const SUMS = 3;

/** The part of the cards' observed time in which they were idle, by both definitions: whole ms, so the sums are exact. */
export class IdleTime {
  readonly #windows: number;
  #cards = 0;
  #sums = new Float64Array(0);

  constructor(windows: number) {
    this.#windows = windows;
  }

  /** Counts a row in, or with a negative time out. Its flags lie in `flags` from `from` on. */
  shift(window: number, flags: Uint8Array, from: number, ms: Millis): void {
    const sums = this.#sums;
    for (let card = 0, at = this.#at(window, 0); card < this.#cards; card++, at += SUMS) {
      const of = flags[from + card]!;
      if (of & PRESENT) sums[at]! += ms;
      if (of & FREE8G) sums[at + 1]! += ms;
      if (of & USED10PCT) sums[at + 2]! += ms;
    }
  }

  observed(window: number, card: number): Millis {
    return this.#sums[this.#at(window, card)]!;
  }

  /** Share of the observed time, 0–1; NaN without any. */
  free8g(window: number, card: number): number {
    const at = this.#at(window, card);
    return this.#sums[at + 1]! / this.#sums[at]!;
  }

  used10pct(window: number, card: number): number {
    const at = this.#at(window, card);
    return this.#sums[at + 2]! / this.#sums[at]!;
  }

  /** Goes on with these cards in this order, each named by its number until now; -1 begins an empty one. */
  arrange(cards: readonly number[]): void {
    const [old, each] = [this.#sums, SUMS * this.#cards];
    this.#cards = cards.length;
    this.#sums = new Float64Array(SUMS * cards.length * this.#windows);
    for (let window = 0; window < this.#windows; window++) {
      cards.forEach((was, now) => was >= 0 && this.#sums.set(old.subarray(window * each + SUMS * was, window * each + SUMS * (was + 1)), this.#at(window, now)));
    }
  }

  get bytes(): number {
    return this.#sums.byteLength;
  }

  #at(window: number, card: number): number {
    return SUMS * (window * this.#cards + card);
  }
}

const UNSEEN: IdleRate = { free8g: null, used10pct: null };

/** The mean over cards of their idle rates; a card that the window did not see has none. */
export class MeanIdleRate {
  #cards = 0;
  #free8g = 0;
  #used10pct = 0;

  add(time: IdleTime, window: number, card: number): void {
    if (time.observed(window, card) === 0) return;
    this.#cards++;
    this.#free8g += time.free8g(window, card);
    this.#used10pct += time.used10pct(window, card);
  }

  value(): IdleRate {
    return this.#cards > 0 ? { free8g: this.#free8g / this.#cards, used10pct: this.#used10pct / this.#cards } : UNSEEN;
  }
}
