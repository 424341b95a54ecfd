import { KIB } from '@vacancy/shared';
import { INTERVAL_MS } from '../timeline.js';
import type { CardAggregate } from './aggregate.js';

/** Mean memory in use, bytes; summed in KiB, which keeps an hour of a 2 TiB card within the whole numbers of a double. */
export const memoryUsed: CardAggregate<number | null> = {
  numbers: 2,

  shift(sums, at, rows, slot, cell, sign) {
    const ms = sign * rows.numbers[slot + INTERVAL_MS]!;
    sums[at]! += ms;
    sums[at + 1]! += rows.words[cell]! * ms;
  },

  value(sums, at) {
    return sums[at]! > 0 ? (sums[at + 1]! / sums[at]!) * KIB : null;
  },
};
