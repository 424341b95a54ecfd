import { UNKNOWN, type Timeline } from '../timeline.js';
import type { CardAggregate } from './aggregate.js';
import { PercentCounts } from './percent-counts.js';
import { WeightedMean } from './weighted-mean.js';

/** Median and mean utilisation over the samples that know it: a card that does not tell is not an idle one. */
export class Utilization implements CardAggregate<{ median: number | null; mean: number | null }> {
  readonly #counts = new PercentCounts();
  readonly #mean = new WeightedMean();

  add(rows: Timeline, slot: number, cell: number): void {
    const percent = rows.utilization[cell]!;
    if (percent === UNKNOWN) return;
    this.#counts.add(percent);
    this.#mean.add(percent, rows.interval_ms[slot]!);
  }

  remove(rows: Timeline, slot: number, cell: number): void {
    const percent = rows.utilization[cell]!;
    if (percent === UNKNOWN) return;
    this.#counts.remove(percent);
    this.#mean.remove(percent, rows.interval_ms[slot]!);
  }

  value(): { median: number | null; mean: number | null } {
    return { median: this.#counts.median(), mean: this.#mean.value() };
  }
}
