import type { IdleThresholds, Millis } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { cpuTime } from './aggregates/cpu-time.js';
import { idleTime } from './aggregates/idle-time.js';
import { network } from './aggregates/network.js';
import { BOOT, CPU, HEAD, NETWORK_IN, NETWORK_OUT, OBSERVED_MS, SEQ, TS, UNKNOWN, UPTIME_S } from './row.js';

const FIRST_CAPACITY = 64;
const FEW_BOOTS = 16;

/**
 * The samples of one server in the order of their event time: a ring of rows, shared by the windows of all lengths.
 *
 * A row holds what its sample said and running totals. The sum over any stretch of rows is the total at its last row less the total
 * of the row before its first, so that a window needs no sums of its own and what leaves it costs nothing.
 *
 * A row is 112 bytes for the server and 13 for each card, in one piece: with 1,000 servers nothing is in the processor's cache, and
 * what counts is how many places a sample touches. It is named by its index, which grows for ever; `slot(index)` is where its numbers begin,
 * `cell(slot, column)` where a card's totals do, `percent(slot)` where the utilisation of all cards does.
 */
export class Timeline {
  /** Index of the oldest row, and one past the newest. */
  start = 0;
  end = 0;
  /** Ids of the cards; a card's place here is its column. */
  cards: readonly number[] = [];
  numbers!: Float64Array;
  /** The same memory as `numbers`. */
  words!: Uint32Array;
  percents!: Uint8Array;

  #width = 0;
  #mask = 0;
  /** The slot of a row of zeros. */
  #zeros = 0;
  /** By card id, which is at most 255. */
  readonly #columns = new Int16Array(256).fill(-1);
  #boots: string[] = [];
  #most_boots = FEW_BOOTS;

  constructor() {
    this.#allocate(FIRST_CAPACITY, []);
  }

  slot(index: number): number {
    return (index & this.#mask) * this.#width;
  }

  /** The slot of the row before; zeros when there is none, which is what its totals are then. */
  before(index: number): number {
    return index > this.start ? this.slot(index - 1) : this.#zeros;
  }

  cell(slot: number, column: number): number {
    return 2 * (slot + HEAD) + idleTime.totals * column;
  }

  percent(slot: number): number {
    return 4 * this.cell(slot, this.cards.length);
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

  /** Puts the sample at `index`; rows from there on move up by one and their totals rise. Its cards must have columns. */
  insert(index: number, sample: Received, idle: IdleThresholds): void {
    if (this.end - this.start > this.#mask) this.#layOut(2 * (this.#mask + 1), this.cards);
    for (let i = this.end; i > index; i--) this.#copy(this.slot(i - 1), this.slot(i));
    this.end++;
    this.#write(this.slot(index), this.before(index), sample);
    for (let i = index; i < this.end; i++) this.#count(i, sample, idle);
  }

  /** Goes on with these cards in this order; what is known of others is given up. */
  arrange(ids: readonly number[]): void {
    this.#layOut(this.#mask + 1, ids);
    this.#columns.fill(-1);
    ids.forEach((id, column) => (this.#columns[id] = column));
  }

  get bytes(): number {
    return this.numbers.byteLength + this.#columns.byteLength;
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
    const slot = this.slot(index);
    const boot_id = this.#boots[this.numbers[slot + BOOT]!]!;
    if (boot_id !== sample.boot_id) return boot_id < sample.boot_id ? -1 : 1;
    return this.numbers[slot + SEQ]! - sample.seq;
  }

  /** What the sample says, and the totals of the row before. */
  #write(slot: number, before: number, sample: Received): void {
    this.#copy(before, slot);
    const { numbers, percents } = this;
    numbers[slot + TS] = sample.ts;
    numbers[slot + CPU] = sample.cpu;
    numbers[slot + NETWORK_IN] = sample.network_in;
    numbers[slot + NETWORK_OUT] = sample.network_out;
    numbers[slot + UPTIME_S] = sample.uptime_s;
    numbers[slot + BOOT] = this.#boot(sample.boot_id);
    numbers[slot + SEQ] = sample.seq;
    const percent = this.percent(slot);
    for (let column = 0; column < this.cards.length; column++) percents[percent + column] = UNKNOWN;
    for (const { id, utilization } of sample.gpus) if (utilization !== undefined) percents[percent + this.#columns[id]!] = Math.round(utilization);
  }

  /** Adds the sample to the totals of a row that is its own or a later one. The successor of a new row grew from it, no more from the row before. */
  #count(index: number, sample: Received, idle: IdleThresholds): void {
    const { numbers, words } = this;
    const slot = this.slot(index);
    numbers[slot + OBSERVED_MS]! += sample.interval_ms;
    cpuTime.count(numbers, slot, sample);
    network.count(numbers, slot, this.before(index));
    for (const gpu of sample.gpus) idleTime.count(words, this.cell(slot, this.#columns[gpu.id]!), gpu, sample.interval_ms, idle);
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
      const slot = this.slot(index);
      const boot = this.numbers[slot + BOOT]!;
      if (!fresh.has(boot)) fresh.set(boot, fresh.size);
      this.numbers[slot + BOOT] = fresh.get(boot)!;
    }
    this.#boots = [...fresh.keys()].map((boot) => old[boot]!);
    this.#most_boots = 2 * fresh.size + FEW_BOOTS;
  }

  #copy(from: number, to: number): void {
    this.numbers.copyWithin(to, from, from + this.#width);
  }

  /** Moves all rows into memory for another number of them and other cards. Rare: the capacity doubles, cards are changed by hand. */
  #layOut(capacity: number, ids: readonly number[]): void {
    const old = { numbers: this.numbers, words: this.words, percents: this.percents };
    const rows = Array.from({ length: this.end - this.start }, (_, i) => this.slot(this.start + i));
    const places = rows.map((slot) => ({ slot, cell: this.cell(slot, 0), percent: this.percent(slot) }));
    const columns = ids.map((id) => this.#columns[id]!);
    this.#allocate(capacity, ids);
    places.forEach((from, i) => {
      const slot = this.slot(this.start + i);
      this.numbers.set(old.numbers.subarray(from.slot, from.slot + HEAD), slot);
      columns.forEach((was, column) => {
        this.percents[this.percent(slot) + column] = was < 0 ? UNKNOWN : old.percents[from.percent + was]!;
        // As words: read as a double, two of them may be a NaN, whose bits nothing promises to keep.
        const cell = from.cell + idleTime.totals * was;
        if (was >= 0) this.words.set(old.words.subarray(cell, cell + idleTime.totals), this.cell(slot, column));
      });
    });
  }

  #allocate(capacity: number, ids: readonly number[]): void {
    this.#width = HEAD + Math.ceil((13 * ids.length) / 8);
    this.#mask = capacity - 1;
    this.#zeros = capacity * this.#width;
    this.numbers = new Float64Array(this.#zeros + this.#width);
    this.words = new Uint32Array(this.numbers.buffer);
    this.percents = new Uint8Array(this.numbers.buffer);
    this.cards = ids;
  }
}
