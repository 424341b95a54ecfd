import { KIB } from '@vacancy/shared';
import type { Timeline } from '../timeline.js';
import type { CardAggregate } from './aggregate.js';
import { WeightedMean } from './weighted-mean.js';

/** Mean memory in use, bytes. */
export class MemoryUsed implements CardAggregate<number | null> {
  readonly #mean = new WeightedMean();

  add(rows: Timeline, slot: number, cell: number): void {
    this.#mean.add(rows.used_kib[cell]!, rows.interval_ms[slot]!);
  }

  remove(rows: Timeline, slot: number, cell: number): void {
    this.#mean.remove(rows.used_kib[cell]!, rows.interval_ms[slot]!);
  }

  value(): number | null {
    const kib = this.#mean.value();
    return kib === null ? null : kib * KIB;
  }
}
