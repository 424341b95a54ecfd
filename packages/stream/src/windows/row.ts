import type { Millis } from '@vacancy/shared';

/** Where a row's numbers lie from its slot on: what the sample said. `BOOT` is a small number that stands for the boot id. */
export const TS = 0;
export const CPU = 1;
export const NETWORK_IN = 2;
export const NETWORK_OUT = 3;
export const UPTIME_S = 4;
export const BOOT = 5;
export const SEQ = 6;
/** And its totals: the sums over this row and all before it. */
export const OBSERVED_MS = 7;
export const CPU_TIME = 8;
export const CPU_TIME_LOW = 9;
export const UP_BYTES = 10;
export const UP_MS = 11;
export const DOWN_BYTES = 12;
export const DOWN_MS = 13;
export const HEAD = 14;

/** In the place of a utilisation, which is in whole percents. */
export const UNKNOWN = 255;

/** What a window holds: the slot of its newest row, that of the row before its oldest, and the moment after which it begins. */
export interface Stretch {
  readonly newest: number;
  readonly before: number;
  readonly start: Millis;
}
