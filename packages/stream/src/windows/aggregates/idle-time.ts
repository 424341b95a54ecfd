import type { IdleRate } from '@vacancy/shared';
import { FREE8G, USED10PCT, type Timeline } from '../timeline.js';
import type { CardAggregate } from './aggregate.js';

/** Share of the observed time in which the card was idle, by both definitions. Whole milliseconds, so it is exact. */
export class IdleTime implements CardAggregate<IdleRate> {
  #observed_ms = 0;
  #free8g_ms = 0;
  #used10pct_ms = 0;

  add(rows: Timeline, slot: number, cell: number): void {
    this.#shift(rows.card[cell]!, rows.interval_ms[slot]!);
  }

  remove(rows: Timeline, slot: number, cell: number): void {
    this.#shift(rows.card[cell]!, -rows.interval_ms[slot]!);
  }

  get observed_ms(): number {
    return this.#observed_ms;
  }

  value(): IdleRate {
    const observed = this.#observed_ms;
    return observed > 0 ? { free8g: this.#free8g_ms / observed, used10pct: this.#used10pct_ms / observed } : { free8g: null, used10pct: null };
  }

  #shift(card: number, ms: number): void {
    this.#observed_ms += ms;
    if (card & FREE8G) this.#free8g_ms += ms;
    if (card & USED10PCT) this.#used10pct_ms += ms;
  }
}
