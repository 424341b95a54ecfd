import type { Received } from '../../ingest/decode.js';
import { CPU_TIME, CPU_TIME_LOW, OBSERVED_MS, type Stretch } from '../row.js';

/**
 * Mean CPU, weighted by observed time, from the total of percent × ms.
 *
 * Plain floats would drift: each addition rounds, and a total grows for months. The rounding of every step is caught exactly
 * (TwoSum) and summed on its own, so that the difference of two totals is right to some 16 digits.
 */
export const cpuTime = {
  count(numbers: Float64Array, slot: number, { cpu, interval_ms }: Pick<Received, 'cpu' | 'interval_ms'>): void {
    const x = cpu * interval_ms;
    const before = numbers[slot + CPU_TIME]!;
    const total = before + x;
    const rounded = total - before;
    numbers[slot + CPU_TIME_LOW]! += before - (total - rounded) + (x - rounded);
    numbers[slot + CPU_TIME] = total;
  },

  mean(numbers: Float64Array, { newest, before }: Pick<Stretch, 'newest' | 'before'>): number | null {
    const ms = numbers[newest + OBSERVED_MS]! - numbers[before + OBSERVED_MS]!;
    const time = numbers[newest + CPU_TIME]! - numbers[before + CPU_TIME]! + (numbers[newest + CPU_TIME_LOW]! - numbers[before + CPU_TIME_LOW]!);
    return ms > 0 ? time / ms : null;
  },
};
