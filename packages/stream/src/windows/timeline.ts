import type { IdleThresholds, Millis } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { idleFlags } from './aggregates/idle-time.js';
import { network } from './aggregates/network.js';
import type { Memory } from './memory.js';
import { BOOT, COUNTERS, CPU, HEAD, INTERVAL_MS, NETWORK_IN, NETWORK_OUT, SEQ, TS, UNKNOWN, UPTIME_S } from './row.js';

const FIRST_CAPACITY = 64;
const FEW_BOOTS = 16;

/**
 * The samples of one server in the order of their event time: a ring of rows, shared by the windows of all lengths.
 *
 * A row is in two parts. What a window asks for when it comes or goes is 24 bytes and 2 for each card, in one piece: with 1,000 servers
 * nothing is in the processor's cache, and what counts is how many places a sample touches. The counters, 72 bytes, lie elsewhere.
 *
 * A row is named by its index, which grows for ever; `slot(index)` is where its numbers begin, `percents(slot)` and `flags(slot)` where
 * what is known of its cards does, a byte for each, and `counter(index)` where its counters do.
 */
export class Timeline {
  /** Index of the oldest row, and one past the newest. */
  start = 0;
  end = 0;
  /** Ids of the cards; a card's place here is its column. */
  cards: readonly number[] = [];
  numbers!: Float64Array;
  /** The same memory as `numbers`. */
  bytes!: Uint8Array;
  counters!: Float64Array;

  #width = 0;
  #mask = 0;
  /** By card id, which is at most 255. */
  readonly #columns: Int16Array;
  #boots: string[] = [];
  #most_boots = FEW_BOOTS;

  constructor(memory: Memory) {
    this.#columns = memory.int16(256).fill(-1);
    this.#allocate(FIRST_CAPACITY, []);
  }

  slot(index: number): number {
    return (index & this.#mask) * this.#width;
  }

  percents(slot: number): number {
    return 8 * (slot + HEAD);
  }

  flags(slot: number): number {
    return 8 * (slot + HEAD) + this.cards.length;
  }

  counter(index: number): number {
    return (index & this.#mask) * COUNTERS;
  }

  tsAt(index: number): Millis {
    return this.numbers[this.slot(index) + TS]!;
  }

  /** The column of a card, -1 when it has none. */
  column(id: number): number {
    return this.#columns[id]!;
  }

  /** The index at which the sample belongs by (ts, boot_id, seq), or -1 when that very sample is already here. */
  placeOf(sample: Received): number {
    if (this.end === this.start || sample.ts > this.tsAt(this.end - 1)) return this.end;
    let index = this.#firstAtOrAfter(sample.ts);
    for (; index < this.end && this.tsAt(index) === sample.ts; index++) {
      const order = this.#compareIdentity(index, sample);
      if (order === 0) return -1;
      if (order > 0) break;
    }
    return index;
  }

  /** Puts the sample at `index`; rows from there on move up by one. Its cards must have columns. */
  insert(index: number, sample: Received, idle: IdleThresholds): void {
    if (this.end - this.start > this.#mask) this.#layOut(2 * (this.#mask + 1), this.cards);
    for (let i = this.end; i > index; i--) this.#copy(i - 1, i);
    this.end++;
    this.#write(index, sample, idle);
    // The successor of a new row grew from it, no more from the row before.
    for (let i = index; i < this.end; i++) network.count(this, i);
  }

  /** Goes on with these cards in this order; what is known of others is given up. */
  arrange(ids: readonly number[]): void {
    this.#layOut(this.#mask + 1, ids);
    this.#columns.fill(-1);
    ids.forEach((id, column) => (this.#columns[id] = column));
  }

  get size_bytes(): number {
    return this.numbers.byteLength + this.counters.byteLength + this.#columns.byteLength;
  }

  #firstAtOrAfter(ts: Millis): number {
    let low = this.start;
    let high = this.end;
    while (low < high) {
      const middle = low + ((high - low) >>> 1);
      if (this.tsAt(middle) < ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compareIdentity(index: number, sample: Received): number {
    const at = this.counter(index);
    const boot_id = this.#boots[this.counters[at + BOOT]!]!;
    if (boot_id !== sample.boot_id) return boot_id < sample.boot_id ? -1 : 1;
    return this.counters[at + SEQ]! - sample.seq;
  }

  #write(index: number, sample: Received, idle: IdleThresholds): void {
    const { numbers, bytes, counters } = this;
    const slot = this.slot(index);
    numbers[slot + TS] = sample.ts;
    numbers[slot + CPU] = sample.cpu;
    numbers[slot + INTERVAL_MS] = sample.interval_ms;
    const percents = this.percents(slot);
    const flags = this.flags(slot);
    // Not `fill`: to call it takes longer than to write some bytes.
    for (let at = percents; at < flags; at++) {
      bytes[at] = UNKNOWN;
      bytes[at + flags - percents] = 0;
    }
    for (const gpu of sample.gpus) {
      const column = this.#columns[gpu.id]!;
      if (gpu.utilization !== undefined) bytes[percents + column] = Math.round(gpu.utilization);
      bytes[flags + column] = idleFlags(gpu, idle);
    }
    const at = this.counter(index);
    counters[at + NETWORK_IN] = sample.network_in;
    counters[at + NETWORK_OUT] = sample.network_out;
    counters[at + UPTIME_S] = sample.uptime_s;
    counters[at + BOOT] = this.#boot(sample.boot_id);
    counters[at + SEQ] = sample.seq;
  }

  #boot(boot_id: string): number {
    const last = this.#boots.length - 1;
    if (this.#boots[last] === boot_id) return last;
    const known = this.#boots.indexOf(boot_id);
    if (known >= 0) return known;
    if (this.#boots.length >= this.#most_boots) this.#renumberBoots();
    return this.#boots.push(boot_id) - 1;
  }

  /** Forgets the boots of rows that are gone: an agent that starts anew for ever must not fill the memory. */
  #renumberBoots(): void {
    const old = this.#boots;
    const fresh = new Map<number, number>();
    for (let index = this.start; index < this.end; index++) {
      const at = this.counter(index) + BOOT;
      const boot = this.counters[at]!;
      if (!fresh.has(boot)) fresh.set(boot, fresh.size);
      this.counters[at] = fresh.get(boot)!;
    }
    this.#boots = [...fresh.keys()].map((boot) => old[boot]!);
    this.#most_boots = 2 * fresh.size + FEW_BOOTS;
  }

  #copy(from: number, to: number): void {
    this.numbers.copyWithin(this.slot(to), this.slot(from), this.slot(from) + this.#width);
    this.counters.copyWithin(this.counter(to), this.counter(from), this.counter(from) + COUNTERS);
  }

  /** Moves all rows into memory for another number of them and other cards. Rare: the capacity doubles, cards are changed by hand. */
  #layOut(capacity: number, ids: readonly number[]): void {
    const { numbers, bytes, counters } = this;
    const places = Array.from({ length: this.end - this.start }, (_, i) => {
      const slot = this.slot(this.start + i);
      return { slot, percents: this.percents(slot), flags: this.flags(slot), counter: this.counter(this.start + i) };
    });
    const columns = ids.map((id) => this.#columns[id]!);
    this.#allocate(capacity, ids);
    places.forEach((from, i) => {
      const slot = this.slot(this.start + i);
      this.numbers.set(numbers.subarray(from.slot, from.slot + HEAD), slot);
      this.counters.set(counters.subarray(from.counter, from.counter + COUNTERS), this.counter(this.start + i));
      columns.forEach((was, column) => {
        this.bytes[this.percents(slot) + column] = was < 0 ? UNKNOWN : bytes[from.percents + was]!;
        this.bytes[this.flags(slot) + column] = was < 0 ? 0 : bytes[from.flags + was]!;
      });
    });
  }

  #allocate(capacity: number, ids: readonly number[]): void {
    this.#width = HEAD + Math.ceil((2 * ids.length) / 8);
    this.#mask = capacity - 1;
    this.numbers = new Float64Array(capacity * this.#width);
    this.bytes = new Uint8Array(this.numbers.buffer);
    this.counters = new Float64Array(capacity * COUNTERS);
    this.cards = ids;
  }
}
