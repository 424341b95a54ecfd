import type { Millis } from '@vacancy/shared';

/** Where a row's numbers lie from its slot on. Its bytes follow: the percents of all cards, then their flags. */
export const TS = 0;
export const CPU = 1;
export const INTERVAL_MS = 2;
export const HEAD = 3;

/** Where the rest of a row lies, which no window asks for: what only the next row is compared with. `BOOT` is a small number that stands for the boot id. */
export const NETWORK_IN = 0;
export const NETWORK_OUT = 1;
export const UPTIME_S = 2;
export const BOOT = 3;
export const SEQ = 4;
/** And the totals of the increases: the sums over this row and all before it, and the ms over which they grew. */
export const UP_BYTES = 5;
export const UP_MS = 6;
export const DOWN_BYTES = 7;
export const DOWN_MS = 8;
export const COUNTERS = 9;

/** In the place of a utilisation, which is in whole percents. */
export const UNKNOWN = 255;

/** What is asked of the rows of a server where only their counters matter. */
export interface Rows {
  /** Index of the oldest row, and one past the newest. */
  readonly start: number;
  readonly end: number;
  readonly counters: Float64Array;
  /** Where a row's counters begin. */
  counter(index: number): number;
  tsAt(index: number): Millis;
}
