import { type Observable, groupBy, map, mergeMap, scan } from 'rxjs';
import { isFree8g, isUsed10pct } from '@vacancy/shared';
import type { Received } from '../../packages/stream/src/ingest/decode.js';

export interface PlainStats {
  readonly server: string;
  readonly cpu_median: number;
  readonly cpu_mean: number;
  readonly cpu_min: number;
  readonly cpu_max: number;
  readonly gpus: { readonly id: number; readonly utilization_median: number; readonly free8g: number; readonly used10pct: number }[];
}

/**
 * The plain RxJS way to windows that slide with every sample: a group for each server, an array of its samples with the old ones
 * shifted out, and all figures computed from the array. Written as fast as that way allows: the array is edited in place, values
 * are sorted as Float64Arrays (no comparator), every figure takes one pass.
 */
export const plainWindows = (length_ms: number, filled: (server: string) => Received[]) => (source: Observable<Received>): Observable<PlainStats> =>
  source.pipe(
    groupBy((sample) => sample.server),
    mergeMap((samples) =>
      samples.pipe(
        scan((held, sample) => slide(held, sample, length_ms), filled(samples.key)),
        map((held) => compute(samples.key, held)),
      ),
    ),
  );

function slide(held: Received[], sample: Received, length_ms: number): Received[] {
  held.push(sample);
  while (held[0]!.ts <= sample.ts - length_ms) held.shift();
  return held;
}

function compute(server: string, held: readonly Received[]): PlainStats {
  const cpus = Float64Array.from(held, (sample) => sample.cpu).sort();
  let sum = 0;
  let time = 0;
  for (const sample of held) {
    sum += sample.cpu * sample.interval_ms;
    time += sample.interval_ms;
  }
  const gpus = held.at(-1)!.gpus.map((_, column) => computeCard(held, column));
  return { server, cpu_median: middle(cpus), cpu_mean: sum / time, cpu_min: cpus[0]!, cpu_max: cpus.at(-1)!, gpus };
}

function computeCard(held: readonly Received[], column: number): PlainStats['gpus'][number] {
  const utilization = new Float64Array(held.length);
  let time = 0;
  let free8g = 0;
  let used10pct = 0;
  for (let i = 0; i < held.length; i++) {
    const { gpus, interval_ms } = held[i]!;
    const gpu = gpus[column]!;
    utilization[i] = gpu.utilization!;
    time += interval_ms;
    if (isFree8g(gpu)) free8g += interval_ms;
    if (isUsed10pct(gpu)) used10pct += interval_ms;
  }
  return { id: column, utilization_median: middle(utilization.sort()), free8g: free8g / time, used10pct: used10pct / time };
}

const middle = (sorted: Float64Array): number => {
  const at = sorted.length >>> 1;
  return sorted.length % 2 ? sorted[at]! : (sorted[at - 1]! + sorted[at]!) / 2;
};
