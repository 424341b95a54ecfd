import type { Sample } from '@vacancy/shared';

/** A fleet whose figures wander as real ones do: idle cards, cards that train, memory that steps, counters that grow. */
export interface Workload {
  readonly servers: number;
  readonly cards: number;
  readonly interval_ms: number;
  readonly start: number;
}

const GIB = 2 ** 30;

/** Numbers in [0, 1), the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All servers' samples, interval by interval, without end. 51 values each with 8 cards: 11 of the server, 5 of each card. */
export function* samples({ servers, cards, interval_ms, start }: Workload): Generator<Sample> {
  const fleet = Array.from({ length: servers }, (_, i) => new SimulatedServer(`gpu${String(i + 1).padStart(3, '0')}`, cards, random(i + 1)));
  for (let seq = 1; ; seq++) {
    for (const server of fleet) yield server.next(seq, start + seq * interval_ms, interval_ms);
  }
}

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

class SimulatedServer {
  readonly #id: string;
  readonly #random: () => number;
  readonly #cards: SimulatedCard[];
  #cpu: number;
  #load = 1;
  #memory: number;
  #hdd: number;
  #in = 1_472_131_498_480;
  #out = 6_131_962_388_933;
  #users = 2;

  constructor(id: string, cards: number, random: () => number) {
    this.#id = id;
    this.#random = random;
    this.#cards = Array.from({ length: cards }, (_, i) => new SimulatedCard(i, random));
    this.#cpu = 100 * random();
    this.#memory = 240 * GIB * random();
    this.#hdd = 4e12 + 3e12 * random();
  }

  next(seq: number, ts: number, interval_ms: number): Sample {
    const r = this.#random;
    this.#cpu = clamp(this.#cpu + (r() - 0.5) * 6, 0, 100);
    this.#load = clamp(this.#load + (this.#cpu / 10 - this.#load) * 0.05 + (r() - 0.5) * 0.1, 0, 64);
    if (r() < 0.4) this.#memory = clamp(this.#memory + (r() - 0.5) * GIB, 4 * GIB, 250 * GIB);
    if (r() < 0.2) this.#hdd += Math.floor(r() * 3e6) * 4096 / 1000;
    if (r() < 0.001) this.#users = Math.floor(r() * 6);
    this.#in += Math.floor(r() * r() * 5e6);
    this.#out += Math.floor(r() * r() * 2e6);
    return {
      v: 1, server: this.#id, boot_id: `6f1c7a${this.#id}00d2b1`, seq, ts: ts + Math.floor(r() * 4), interval_ms,
      uptime_s: 7_793_761 + Math.floor((seq * interval_ms) / 1000),
      cpu: round(this.#cpu, 1), load1: round(this.#load, 2),
      memory_total: 270_582_939_648, memory_used: Math.floor(this.#memory / 4096) * 4096,
      swap_total: 8_589_930_496, swap_used: 0,
      hdd_total: 8_315_412_000_768, hdd_used: Math.floor(this.#hdd / 4096) * 4096,
      network_in: this.#in, network_out: this.#out, user_num: this.#users,
      gpus: this.#cards.map((card) => card.next()),
    };
  }
}

class SimulatedCard {
  readonly #id: number;
  readonly #random: () => number;
  #busy: boolean;
  #memory = 10 * 2 ** 20;
  #temperature = 35;
  #utilization = 0;

  constructor(id: number, random: () => number) {
    this.#id = id;
    this.#random = random;
    this.#busy = random() < 0.6;
  }

  next(): Sample['gpus'][number] {
    const r = this.#random;
    if (r() < 0.0005) this.#busy = !this.#busy;
    if (!this.#busy) this.#memory = 10 * 2 ** 20;
    else if (this.#memory < 2 ** 30 || r() < 0.01) this.#memory = Math.floor((2 + 20 * r()) * 512) * 2 * 2 ** 20;
    this.#utilization = this.#busy ? (r() < 0.7 ? clamp(Math.round(this.#utilization + (95 - this.#utilization) * 0.5 + (r() - 0.5) * 6), 0, 100) : this.#utilization) : 0;
    this.#temperature += (35 + this.#utilization * 0.4 - this.#temperature) * 0.1;
    return {
      id: this.#id, memory_total: 25_757_220_864, memory_used: this.#memory, utilization: this.#utilization,
      temperature: Math.round(this.#temperature),
      power: round(this.#busy ? 60 + this.#utilization * 2.4 + (r() - 0.5) * 8 : 18 + (r() < 0.3 ? r() : 0), 2),
    };
  }
}
