import type { GpuSample, IdleRate, Millis } from '@vacancy/shared';
import { idleTime } from './aggregates/idle-time.js';
import { memoryUsed } from './aggregates/memory-used.js';
import { Minimum } from './aggregates/minimum.js';
import { OccupiedIdle } from './aggregates/occupied-idle.js';
import { PercentCounts } from './aggregates/percent-counts.js';
import { utilizationMean } from './aggregates/utilization-mean.js';
import { OCCUPIED_IDLE_COVERAGE, type CardStats, type CardWindows } from './stats.js';
import { PRESENT, UNKNOWN, UTILIZATION, type Timeline } from './timeline.js';

/** Where each aggregate's numbers begin; together they fill one cache line. */
const IDLE = 0;
const MEAN = IDLE + idleTime.numbers;
const MEMORY = MEAN + utilizationMean.numbers;
const NUMBERS = 8;

/** What is kept once for a card, and counts of which each of its windows is a series. */
interface Card {
  readonly id: number;
  readonly memory_free: Minimum;
  readonly occupied_idle: OccupiedIdle;
  readonly utilization: PercentCounts;
}

/** The cards of one server over all windows, in the order of the timeline's columns. */
export class Cards {
  readonly #lengths: readonly Millis[];
  #cards: Card[] = [];
  /** `[card][window][number]` */
  #sums = new Float64Array(0);

  constructor(lengths: readonly Millis[]) {
    this.#lengths = lengths;
  }

  get ids(): number[] {
    return this.#cards.map((card) => card.id);
  }

  /** Counts the cards of a row in (`sign` 1) or out (-1) of a window. */
  shift(rows: Timeline, slot: number, window: number, sign: 1 | -1): void {
    const sums = this.#sums;
    let cell = rows.cell(slot, 0);
    for (let column = 0; column < this.#cards.length; column++, cell += 2) {
      const word = rows.words[cell + 1]!;
      if (!(word & PRESENT)) continue;
      const at = this.#at(column, window);
      idleTime.shift(sums, at + IDLE, rows, slot, cell, sign);
      utilizationMean.shift(sums, at + MEAN, rows, slot, cell, sign);
      memoryUsed.shift(sums, at + MEMORY, rows, slot, cell, sign);
      const percent = word & UTILIZATION;
      if (percent !== UNKNOWN) this.#cards[column]!.utilization.shift(window, percent, sign);
    }
  }

  /** A card's part of a sample, for what is kept once for all windows; nobody will ask for a time before `start`. */
  record(column: number, ts: Millis, gpu: GpuSample, start: Millis): void {
    const card = this.#cards[column]!;
    card.memory_free.add(ts, gpu.memory_total - gpu.memory_used, start);
    card.occupied_idle.add(ts, gpu);
  }

  stats(column: number, window: number, start: Millis): CardStats {
    const card = this.#cards[column]!;
    const at = this.#at(column, window);
    const coverage = Math.min(1, this.#sums[at]! / this.#lengths[window]!);
    return {
      coverage,
      idle_rate: idleTime.value(this.#sums, at + IDLE),
      utilization_median: card.utilization.median(window),
      utilization_mean: utilizationMean.value(this.#sums, at + MEAN),
      memory_used_mean: memoryUsed.value(this.#sums, at + MEMORY),
      memory_free_min: card.memory_free.since(start),
      occupied_idle: coverage >= OCCUPIED_IDLE_COVERAGE && card.occupied_idle.since(start),
    };
  }

  seen(column: number, window: number): boolean {
    return this.#sums[this.#at(column, window)]! > 0;
  }

  /** Goes on with these cards in this order: what is known of those that stay stays, others begin empty. */
  arrange(ids: readonly number[]): void {
    const old = { sums: this.#sums, cards: this.#cards };
    const width = this.#lengths.length * NUMBERS;
    this.#sums = new Float64Array(ids.length * width);
    this.#cards = ids.map((id, column) => {
      const was = old.cards.findIndex((card) => card.id === id);
      if (was >= 0) this.#sums.set(old.sums.subarray(was * width, (was + 1) * width), column * width);
      return old.cards[was] ?? this.#begin(id);
    });
  }

  get bytes(): number {
    return this.#cards.reduce((sum, card) => sum + card.memory_free.bytes + card.utilization.bytes, this.#sums.byteLength);
  }

  #begin(id: number): Card {
    return { id, memory_free: new Minimum(), occupied_idle: new OccupiedIdle(), utilization: new PercentCounts(this.#lengths.length) };
  }

  #at(column: number, window: number): number {
    return (column * this.#lengths.length + window) * NUMBERS;
  }
}

/** The mean over cards of their idle rates; a card that the window did not see has none. */
export function meanIdleRate<Label extends string>(cards: Iterable<CardWindows<Label>>, label: Label): IdleRate {
  let count = 0;
  let free8g = 0;
  let used10pct = 0;
  for (const { [label]: { idle_rate } } of cards) {
    if (idle_rate.free8g === null || idle_rate.used10pct === null) continue;
    count++;
    free8g += idle_rate.free8g;
    used10pct += idle_rate.used10pct;
  }
  return count > 0 ? { free8g: free8g / count, used10pct: used10pct / count } : { free8g: null, used10pct: null };
}
