import { OCCUPIED_IDLE_UTILIZATION, OCCUPIED_SHARE, type GpuSample, type Millis } from '@vacancy/shared';

/**
 * Whether memory was held and no work done in every sample since any moment. One number of an array is enough for the windows of all
 * lengths: when it was last otherwise, at first never (-Infinity). A sample that does not know the utilisation is such an "otherwise".
 */
export const occupiedIdle = {
  add(otherwise: Float64Array, at: number, ts: Millis, gpu: GpuSample): void {
    if (ts > otherwise[at]! && !isOccupiedIdle(gpu)) otherwise[at] = ts;
  },

  since: (otherwise: Float64Array, at: number, start: Millis): boolean => otherwise[at]! <= start,
};

export const isOccupiedIdle = (gpu: GpuSample): boolean =>
  gpu.memory_used >= OCCUPIED_SHARE * gpu.memory_total &&
  gpu.utilization !== undefined &&
  gpu.utilization < OCCUPIED_IDLE_UTILIZATION;
