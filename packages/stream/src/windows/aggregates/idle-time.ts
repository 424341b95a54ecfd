import type { IdleRate } from '@vacancy/shared';
import { FREE8G, INTERVAL_MS, USED10PCT } from '../timeline.js';
import type { CardAggregate } from './aggregate.js';

/** Observed time, ms, and the part of it in which the card was idle by both definitions. */
export const idleTime: CardAggregate<IdleRate> = {
  numbers: 3,

  shift(sums, at, rows, slot, cell, sign) {
    const ms = sign * rows.numbers[slot + INTERVAL_MS]!;
    const card = rows.words[cell + 1]!;
    sums[at]! += ms;
    if (card & FREE8G) sums[at + 1]! += ms;
    if (card & USED10PCT) sums[at + 2]! += ms;
  },

  value(sums, at) {
    const observed = sums[at]!;
    return observed > 0 ? { free8g: sums[at + 1]! / observed, used10pct: sums[at + 2]! / observed } : { free8g: null, used10pct: null };
  },
};
