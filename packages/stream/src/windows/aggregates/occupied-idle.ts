import { OCCUPIED_IDLE_UTILIZATION, OCCUPIED_SHARE, type GpuSample, type Millis } from '@vacancy/shared';

/**
 * Whether memory was held and no work done in every sample since any moment, for some cards at once. One number a card is enough for the
 * windows of all lengths: when it was last otherwise. A sample that does not know the utilisation is such an "otherwise".
 */
export class OccupiedIdle {
  #otherwise = new Float64Array(0);

  add(card: number, ts: Millis, gpu: GpuSample): void {
    if (ts > this.#otherwise[card]! && !isOccupiedIdle(gpu)) this.#otherwise[card] = ts;
  }

  since(card: number, start: Millis): boolean {
    return this.#otherwise[card]! <= start;
  }

  /** Goes on with these cards in this order, each named by its number until now; -1 begins an empty one. */
  arrange(cards: readonly number[]): void {
    this.#otherwise = Float64Array.from(cards, (was) => this.#otherwise[was] ?? -Infinity);
  }
}

export const isOccupiedIdle = (gpu: GpuSample): boolean =>
  gpu.memory_used >= OCCUPIED_SHARE * gpu.memory_total &&
  gpu.utilization !== undefined &&
  gpu.utilization < OCCUPIED_IDLE_UTILIZATION;
