import type { Millis } from '@vacancy/shared';

// The three kinds of aggregates. Which one a figure is decides what it costs; see docs/windows.md.
//
// 1. A sum over samples (`cpuTime`, `network`, `idleTime`): running totals in the rows of the timeline. `count` makes a row's totals out of
//    those of the row before it, the figure of any window is a difference of two rows. Nothing happens when a row leaves.
// 2. What needs the samples of a window as a set (`SortedValues`, `PercentCounts`): a `Counted`, told of each row that enters and leaves.
// 3. What can be said of everything after a moment (`Minimum`, `Maximum`, `OccupiedIdle`): a `Trailing`, kept once for all lengths.

/** Told of every row that enters the window (`sign` 1) and of every row that leaves it (-1), each once. */
export interface Counted {
  shift(x: number, sign: 1 | -1): void;
}

/** Kept once for the windows of all lengths: it can say what it was over everything after a moment. */
export interface Trailing<Value> {
  /** Rows come in any order; nobody will ask for a time before `start` again. */
  add(ts: Millis, x: number, start: Millis): void;
  since(start: Millis): Value;
}
