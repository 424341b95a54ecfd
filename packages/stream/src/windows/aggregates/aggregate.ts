import type { Millis } from '@vacancy/shared';
import type { Timeline } from '../timeline.js';

/**
 * A figure of one server over one window. It is told of every row that enters and every row that leaves, each once, and
 * answers at any time without looking at the rows again.
 *
 * `slot` is the row's place in the columns of `rows`; `before` that of the row just before it in time, or -1 when there is
 * none. A row is removed with the same neighbour with which it was added: when a late sample comes between two rows, the second is
 * taken out and put back.
 */
export interface ServerAggregate<Value> {
  add(rows: Timeline, slot: number, before: number): void;
  remove(rows: Timeline, slot: number, before: number): void;
  value(): Value;
}

/** The same for one card; `cell` is the card's place in the cells of `rows`. It hears only of rows that have the card. */
export interface CardAggregate<Value> {
  add(rows: Timeline, slot: number, cell: number): void;
  remove(rows: Timeline, slot: number, cell: number): void;
  value(): Value;
}

/**
 * A figure kept once for the windows of all lengths: it can say what it was over everything after `start`.
 * Rows come in any order; `forget` says that nobody will ask for a start before this one again.
 */
export interface TrailingAggregate<Value, Input = number> {
  add(ts: Millis, x: Input): void;
  forget(start: Millis): void;
  since(start: Millis): Value;
}
