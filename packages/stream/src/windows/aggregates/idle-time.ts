import { isFree8g, isUsed10pct, type GpuSample, type IdleRate, type IdleThresholds, type Millis } from '@vacancy/shared';

/** Where a card's totals lie from its cell on, ms modulo 2^32: observed, and idle by each definition. */
const OBSERVED = 0;
const FREE8G = 1;
const USED10PCT = 2;

/** The part of a card's observed time in which it was idle, by both definitions. */
export const idleTime = {
  totals: 3,
  /** Beyond this a difference of two totals would not be the sum between them any more: 49 days. */
  most_ms: 2 ** 32 - 1,

  count(words: Uint32Array, cell: number, gpu: GpuSample, ms: Millis, idle: IdleThresholds): void {
    words[cell + OBSERVED]! += ms;
    if (isFree8g(gpu, idle)) words[cell + FREE8G]! += ms;
    if (isUsed10pct(gpu, idle)) words[cell + USED10PCT]! += ms;
  },

  observed(words: Uint32Array, cell: number, before: number): Millis {
    return (words[cell + OBSERVED]! - words[before + OBSERVED]!) >>> 0;
  },

  free8g(words: Uint32Array, cell: number, before: number): Millis {
    return (words[cell + FREE8G]! - words[before + FREE8G]!) >>> 0;
  },

  used10pct(words: Uint32Array, cell: number, before: number): Millis {
    return (words[cell + USED10PCT]! - words[before + USED10PCT]!) >>> 0;
  },
};

const UNSEEN: IdleRate = { free8g: null, used10pct: null };

/** The mean over cards of their idle rates; a card that the window did not see has none. */
export class MeanIdleRate {
  #cards = 0;
  #free8g = 0;
  #used10pct = 0;

  add(words: Uint32Array, cell: number, before: number): void {
    const observed = idleTime.observed(words, cell, before);
    if (observed === 0) return;
    this.#cards++;
    this.#free8g += ((words[cell + FREE8G]! - words[before + FREE8G]!) >>> 0) / observed;
    this.#used10pct += ((words[cell + USED10PCT]! - words[before + USED10PCT]!) >>> 0) / observed;
  }

  value(): IdleRate {
    return this.#cards > 0 ? { free8g: this.#free8g / this.#cards, used10pct: this.#used10pct / this.#cards } : UNSEEN;
  }
}
