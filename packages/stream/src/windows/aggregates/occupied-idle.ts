import { OCCUPIED_IDLE_UTILIZATION, OCCUPIED_SHARE, type GpuSample, type Millis } from '@vacancy/shared';
import type { TrailingAggregate } from './aggregate.js';

/**
 * Whether memory was held and no work done in every sample since any moment. One number is enough for the windows of all lengths: when it
 * was last otherwise. A sample that does not know the utilisation is such an "otherwise".
 */
export class OccupiedIdle implements TrailingAggregate<boolean, GpuSample> {
  #otherwise: Millis = -Infinity;

  add(ts: Millis, gpu: GpuSample): void {
    if (!isOccupiedIdle(gpu) && ts > this.#otherwise) this.#otherwise = ts;
  }

  since(start: Millis): boolean {
    return this.#otherwise <= start;
  }
}

export const isOccupiedIdle = (gpu: GpuSample): boolean =>
  gpu.memory_used >= OCCUPIED_SHARE * gpu.memory_total &&
  gpu.utilization !== undefined &&
  gpu.utilization < OCCUPIED_IDLE_UTILIZATION;
