import { SECOND } from '@vacancy/shared';
import type { NetworkRates } from '../stats.js';
import { BOOT, NETWORK_IN, NETWORK_OUT, TS, UPTIME_S, type Timeline } from '../timeline.js';
import type { ServerAggregate } from './aggregate.js';
import { Sum } from './sum.js';

/**
 * Upload and download rates: increases of the counters ÷ the time over which they grew. An increase lies where its end lies, whole;
 * so does its time, and a silence does not make a peak of what was sent during it.
 */
export class Network implements ServerAggregate<NetworkRates> {
  readonly #up = new Increases();
  readonly #down = new Increases();

  add(rows: Timeline, slot: number, before: number): void {
    this.#shift(rows, slot, before, 1);
  }

  remove(rows: Timeline, slot: number, before: number): void {
    this.#shift(rows, slot, before, -1);
  }

  value(): NetworkRates {
    return { network_up: this.#up.rate(), network_down: this.#down.rate() };
  }

  #shift(rows: Timeline, slot: number, before: number, sign: 1 | -1): void {
    if (before < 0) return;
    const n = rows.numbers;
    const ms = n[slot + TS]! - n[before + TS]!;
    const rebooted = n[slot + BOOT] !== n[before + BOOT] || n[slot + UPTIME_S]! < n[before + UPTIME_S]!;
    this.#up.shift(increase(n[before + NETWORK_OUT]!, n[slot + NETWORK_OUT]!, rebooted), ms, sign);
    this.#down.shift(increase(n[before + NETWORK_IN]!, n[slot + NETWORK_IN]!, rebooted), ms, sign);
  }
}

/** A counter below its predecessor began anew: what it shows is the increase if the server did too, else nothing is known. */
export function increase(before: number, after: number, rebooted: boolean): number | null {
  if (after >= before) return after - before;
  return rebooted ? after : null;
}

class Increases {
  readonly #bytes = new Sum();
  #ms = 0;

  shift(bytes: number | null, ms: number, sign: 1 | -1): void {
    if (bytes === null) return;
    this.#bytes.add(sign * bytes);
    this.#ms += sign * ms;
  }

  rate(): number | null {
    return this.#ms > 0 ? (this.#bytes.value() * SECOND) / this.#ms : null;
  }
}
