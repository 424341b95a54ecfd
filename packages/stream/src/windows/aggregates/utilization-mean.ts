import { INTERVAL_MS, UNKNOWN, UTILIZATION } from '../timeline.js';
import type { CardAggregate } from './aggregate.js';

/** Mean utilisation, percent, over the time for which it is known: a card that does not tell is not an idle one. */
export const utilizationMean: CardAggregate<number | null> = {
  numbers: 2,

  shift(sums, at, rows, slot, cell, sign) {
    const percent = rows.words[cell + 1]! & UTILIZATION;
    if (percent === UNKNOWN) return;
    const ms = sign * rows.numbers[slot + INTERVAL_MS]!;
    sums[at]! += ms;
    sums[at + 1]! += percent * ms;
  },

  value(sums, at) {
    return sums[at]! > 0 ? sums[at + 1]! / sums[at]! : null;
  },
};
