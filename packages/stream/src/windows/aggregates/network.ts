import { SECOND } from '@vacancy/shared';
import { grown } from '../../ingest/counters.js';
import type { NetworkRates } from '../stats.js';
import { BOOT, DOWN_BYTES, DOWN_MS, NETWORK_IN, NETWORK_OUT, UPTIME_S, UP_BYTES, UP_MS, type Rows } from '../row.js';

/**
 * Upload and download rates: increases of the counters ÷ the time over which they grew. An increase lies where its end lies, whole;
 * so does its time, and a silence does not make a peak of what was sent during it.
 */
export const network = {
  /** Makes a row's totals from those of the row before it. */
  count(rows: Rows, index: number): void {
    const { counters } = rows;
    const at = rows.counter(index);
    if (index === rows.start) return void counters.fill(0, at + UP_BYTES, at + DOWN_MS + 1);
    const before = rows.counter(index - 1);
    const ms = rows.tsAt(index) - rows.tsAt(index - 1);
    const rebooted = counters[at + BOOT] !== counters[before + BOOT] || counters[at + UPTIME_S]! < counters[before + UPTIME_S]!;
    const up = grown(counters[before + NETWORK_OUT]!, counters[at + NETWORK_OUT]!, rebooted);
    const down = grown(counters[before + NETWORK_IN]!, counters[at + NETWORK_IN]!, rebooted);
    counters[at + UP_BYTES] = counters[before + UP_BYTES]! + (up ?? 0);
    counters[at + UP_MS] = counters[before + UP_MS]! + (up === null ? 0 : ms);
    counters[at + DOWN_BYTES] = counters[before + DOWN_BYTES]! + (down ?? 0);
    counters[at + DOWN_MS] = counters[before + DOWN_MS]! + (down === null ? 0 : ms);
  },

  /** Over the rows from `first` on. */
  rates(rows: Rows, first: number): NetworkRates {
    return { network_up: rate(rows, first, UP_BYTES, UP_MS), network_down: rate(rows, first, DOWN_BYTES, DOWN_MS) };
  },
};

function rate(rows: Rows, first: number, bytes: number, ms: number): number | null {
  const time = gained(rows, first, ms);
  return time > 0 ? (gained(rows, first, bytes) * SECOND) / time : null;
}

/** A difference of two totals: of the newest row, and of the one before the first. */
function gained(rows: Rows, first: number, of: number): number {
  const { counters, start, end } = rows;
  return counters[rows.counter(end - 1) + of]! - (first > start ? counters[rows.counter(first - 1) + of]! : 0);
}
