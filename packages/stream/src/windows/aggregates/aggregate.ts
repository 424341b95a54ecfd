import type { Millis } from '@vacancy/shared';

// The three kinds of aggregates. Which one a figure is decides what it costs; see docs/windows.md.
//
// 1. What a window counts (`cpuTime`, `idleTime`, `PercentCounts`, `SortedValues`): told of each row that enters it and of each that leaves
//    it, once. Most have a `shift` that is negative when a row leaves.
// 2. What can be said of everything after a moment (`Minimum`, `Maximum`, `occupiedIdle`): like a `Trailing`, kept once for all lengths.
// 3. What depends on the row before (`network`): running totals in the rows. `count` makes a row's totals out of those of the row before it,
//    the figure of any window is a difference of two rows.
//
// What takes a few numbers (`cpuTime`, `idleTime`, `occupiedIdle`) keeps them in an array of its server's, side by side with the others.

/** Kept once for the windows of all lengths: it can say what it was over everything after a moment. */
export interface Trailing<Value> {
  /** Rows come in any order; nobody will ask for a time before `start` again. */
  add(ts: Millis, x: number, start: Millis): void;
  since(start: Millis): Value;
}
