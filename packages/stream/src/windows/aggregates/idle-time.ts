import { isFree8g, isUsed10pct, type GpuSample, type IdleThresholds, type Millis } from '@vacancy/shared';

/** What a row keeps of a card: that it was there, and whether it was idle by each definition. */
const PRESENT = 1;
const FREE8G = 2;
const USED10PCT = 4;

export const idleFlags = (gpu: GpuSample, idle: IdleThresholds): number =>
  PRESENT | (isFree8g(gpu, idle) ? FREE8G : 0) | (isUsed10pct(gpu, idle) ? USED10PCT : 0);

/** Numbers that it takes: ms observed, and idle by each definition. */
export const IDLE_TIME = 3;

/** The part of a card's observed time in which it was idle, by both definitions; three numbers of an array, from `at` on. Whole ms, so the sums are exact. */
export const idleTime = {
  /** Counts the flags of a row in, or with a negative time out. Products, not branches: what a busy card does next is as hard to foretell for a processor as for anyone. */
  shift(sums: Float64Array, at: number, flags: number, ms: Millis): void {
    sums[at]! += ms * (flags & PRESENT);
    sums[at + 1]! += ms * ((flags & FREE8G) >> 1);
    sums[at + 2]! += ms * ((flags & USED10PCT) >> 2);
  },

  observed: (sums: Float64Array, at: number): Millis => sums[at]!,

  /** Shares of the observed time, 0–1; NaN without any. */
  free8g: (sums: Float64Array, at: number): number => sums[at + 1]! / sums[at]!,
  used10pct: (sums: Float64Array, at: number): number => sums[at + 2]! / sums[at]!,
};
