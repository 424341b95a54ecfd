import { SECOND } from '@vacancy/shared';
import type { NetworkRates } from '../stats.js';
import { BOOT, DOWN_BYTES, DOWN_MS, NETWORK_IN, NETWORK_OUT, OBSERVED_MS, TS, UPTIME_S, UP_BYTES, UP_MS, type Stretch } from '../row.js';

/**
 * Upload and download rates: increases of the counters ÷ the time over which they grew. An increase lies where its end lies, whole;
 * so does its time, and a silence does not make a peak of what was sent during it.
 */
export const network = {
  /** Makes a row's totals from those of the row before it. */
  count(numbers: Float64Array, slot: number, before: number): void {
    const first = numbers[before + OBSERVED_MS] === 0;
    const ms = numbers[slot + TS]! - numbers[before + TS]!;
    const rebooted = numbers[slot + BOOT] !== numbers[before + BOOT] || numbers[slot + UPTIME_S]! < numbers[before + UPTIME_S]!;
    const up = first ? null : increase(numbers[before + NETWORK_OUT]!, numbers[slot + NETWORK_OUT]!, rebooted);
    const down = first ? null : increase(numbers[before + NETWORK_IN]!, numbers[slot + NETWORK_IN]!, rebooted);
    numbers[slot + UP_BYTES] = numbers[before + UP_BYTES]! + (up ?? 0);
    numbers[slot + UP_MS] = numbers[before + UP_MS]! + (up === null ? 0 : ms);
    numbers[slot + DOWN_BYTES] = numbers[before + DOWN_BYTES]! + (down ?? 0);
    numbers[slot + DOWN_MS] = numbers[before + DOWN_MS]! + (down === null ? 0 : ms);
  },

  rates(numbers: Float64Array, stretch: Stretch): NetworkRates {
    return { network_up: rate(numbers, stretch, UP_BYTES, UP_MS), network_down: rate(numbers, stretch, DOWN_BYTES, DOWN_MS) };
  },
};

/** A counter below its predecessor began anew: what it shows is the increase if the server did too, else nothing is known. */
export function increase(before: number, after: number, rebooted: boolean): number | null {
  if (after >= before) return after - before;
  return rebooted ? after : null;
}

function rate(numbers: Float64Array, { newest, before }: Stretch, bytes: number, ms: number): number | null {
  const time = numbers[newest + ms]! - numbers[before + ms]!;
  return time > 0 ? ((numbers[newest + bytes]! - numbers[before + bytes]!) * SECOND) / time : null;
}
