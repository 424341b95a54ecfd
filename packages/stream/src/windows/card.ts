import type { GpuSample, Millis } from '@vacancy/shared';
import { IdleTime } from './aggregates/idle-time.js';
import { MemoryUsed } from './aggregates/memory-used.js';
import { Minimum } from './aggregates/minimum.js';
import { OccupiedIdle } from './aggregates/occupied-idle.js';
import { Utilization } from './aggregates/utilization.js';
import { OCCUPIED_IDLE_COVERAGE, type CardStats } from './stats.js';
import type { Timeline } from './timeline.js';

/** What one window knows of one card. */
export class CardWindow {
  readonly idle = new IdleTime();
  readonly utilization = new Utilization();
  readonly memory_used = new MemoryUsed();

  add(rows: Timeline, slot: number, cell: number): void {
    this.idle.add(rows, slot, cell);
    this.utilization.add(rows, slot, cell);
    this.memory_used.add(rows, slot, cell);
  }

  remove(rows: Timeline, slot: number, cell: number): void {
    this.idle.remove(rows, slot, cell);
    this.utilization.remove(rows, slot, cell);
    this.memory_used.remove(rows, slot, cell);
  }
}

/** One card: its window of each length, and what is kept once for all of them. */
export class Card {
  readonly id: number;
  readonly windows: readonly CardWindow[];
  readonly #memory_free = new Minimum();
  readonly #occupied_idle = new OccupiedIdle();

  constructor(id: number, lengths: readonly Millis[]) {
    this.id = id;
    this.windows = lengths.map(() => new CardWindow());
  }

  record(ts: Millis, gpu: GpuSample): void {
    this.#memory_free.add(ts, gpu.memory_total - gpu.memory_used);
    this.#occupied_idle.add(ts, gpu);
  }

  forget(start: Millis): void {
    this.#memory_free.forget(start);
  }

  stats(which: number, length: Millis, start: Millis): CardStats {
    const window = this.windows[which]!;
    const coverage = Math.min(1, window.idle.observed_ms / length);
    const utilization = window.utilization.value();
    return {
      coverage,
      idle_rate: window.idle.value(),
      utilization_median: utilization.median,
      utilization_mean: utilization.mean,
      memory_used_mean: window.memory_used.value(),
      memory_free_min: this.#memory_free.since(start),
      occupied_idle: coverage >= OCCUPIED_IDLE_COVERAGE && this.#occupied_idle.since(start),
    };
  }

  get bytes(): number {
    return this.#memory_free.bytes + this.windows.length * 202;
  }
}
