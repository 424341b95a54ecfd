import { KIB, isFree8g, isUsed10pct, type GpuSample, type IdleThresholds, type Millis } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';

/** Bits of `Timeline.card`: the card is in the sample, and what it was. */
export const PRESENT = 1;
export const FREE8G = 2;
export const USED10PCT = 4;
/** `Timeline.utilization` of a card whose utilisation the sample did not know. */
export const UNKNOWN = 255;

const FIRST_CAPACITY = 64;

/**
 * The samples of one server in the order of their event time: a ring of rows, shared by the windows of all lengths.
 *
 * A row is named by its index, which grows for ever; `slot(index)` is where it lies in the columns. The cards of a row lie
 * side by side (`cell`), because a sample enters and leaves windows whole: with 1,000 servers nothing is in the processor's
 * cache, and eight neighbours cost the one cache line that a column for each card would cost eight times.
 */
export class Timeline {
  /** Index of the oldest row, and one past the newest. */
  start = 0;
  end = 0;

  ts = new Float64Array(FIRST_CAPACITY);
  interval_ms = new Uint32Array(FIRST_CAPACITY);
  cpu = new Float64Array(FIRST_CAPACITY);
  network_in = new Float64Array(FIRST_CAPACITY);
  network_out = new Float64Array(FIRST_CAPACITY);
  uptime_s = new Float64Array(FIRST_CAPACITY);
  seq = new Float64Array(FIRST_CAPACITY);
  boot_id: string[] = [];

  /** Ids of the cards; a card's place here is its column. */
  cards: readonly number[] = [];
  card = new Uint8Array(0);
  /** Whole percents, as the drivers report them. */
  utilization = new Uint8Array(0);
  used_kib = new Uint32Array(0);

  #mask = FIRST_CAPACITY - 1;
  /** By card id, which is at most 255. */
  readonly #columns = new Int16Array(256).fill(-1);

  slot(index: number): number {
    return index & this.#mask;
  }

  cell(slot: number, column: number): number {
    return slot * this.cards.length + column;
  }

  tsAt(index: number): Millis {
    return this.ts[index & this.#mask]!;
  }

  /** The column of a card, -1 when it has none. */
  column(id: number): number {
    return this.#columns[id]!;
  }

  /** The index at which the sample belongs by (ts, boot_id, seq), or -1 when that very sample is already here. */
  placeOf(sample: Received): number {
    let index = this.end;
    if (index === this.start || sample.ts > this.tsAt(index - 1)) return index;
    index = this.#firstAtOrAfter(sample.ts);
    for (; index < this.end && this.tsAt(index) === sample.ts; index++) {
      const order = this.#compareIdentity(index, sample);
      if (order === 0) return -1;
      if (order > 0) break;
    }
    return index;
  }

  /** Puts the sample at `index`; rows from there on move up by one. */
  insert(index: number, sample: Received, idle: IdleThresholds): void {
    if (this.end - this.start > this.#mask) this.#layOut(2 * (this.#mask + 1), this.cards);
    for (let i = this.end; i > index; i--) this.#copyRow(this.slot(i - 1), this.slot(i));
    this.end++;
    this.#write(this.slot(index), sample, idle);
  }

  /** Goes on with these cards in this order; the cells of others are given up. */
  arrange(ids: readonly number[]): void {
    this.#layOut(this.#mask + 1, ids);
  }

  /** Bytes held by the columns. */
  get bytes(): number {
    return (this.#mask + 1) * (6 * 8 + 4 + 8 + this.cards.length * (1 + 1 + 4));
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
    const boot_id = this.boot_id[this.slot(index)]!;
    if (boot_id !== sample.boot_id) return boot_id < sample.boot_id ? -1 : 1;
    return this.seq[this.slot(index)]! - sample.seq;
  }

  #write(slot: number, sample: Received, idle: IdleThresholds): void {
    this.ts[slot] = sample.ts;
    this.interval_ms[slot] = sample.interval_ms;
    this.cpu[slot] = sample.cpu;
    this.network_in[slot] = sample.network_in;
    this.network_out[slot] = sample.network_out;
    this.uptime_s[slot] = sample.uptime_s;
    this.seq[slot] = sample.seq;
    this.boot_id[slot] = this.#shared(slot, sample.boot_id);
    const width = this.cards.length;
    for (let cell = slot * width; cell < (slot + 1) * width; cell++) this.card[cell] = 0;
    for (const gpu of sample.gpus) this.#writeCard(slot * width + this.#columns[gpu.id]!, gpu, idle);
  }

  #writeCard(cell: number, gpu: GpuSample, idle: IdleThresholds): void {
    this.card[cell] = PRESENT | (isFree8g(gpu, idle) ? FREE8G : 0) | (isUsed10pct(gpu, idle) ? USED10PCT : 0);
    this.utilization[cell] = gpu.utilization === undefined ? UNKNOWN : Math.round(gpu.utilization);
    this.used_kib[cell] = Math.round(gpu.memory_used / KIB);
  }

  /** Every message brings its own copy of the boot id; a row refers to its neighbour's instead of keeping 3,600 of them. */
  #shared(slot: number, boot_id: string): string {
    const before = this.boot_id[(slot - 1) & this.#mask];
    return before === boot_id ? before : boot_id;
  }

  #copyRow(from: number, to: number): void {
    for (const column of [this.ts, this.interval_ms, this.cpu, this.network_in, this.network_out, this.uptime_s, this.seq]) column[to] = column[from]!;
    this.boot_id[to] = this.boot_id[from]!;
    const width = this.cards.length;
    for (const cells of [this.card, this.utilization, this.used_kib]) cells.copyWithin(to * width, from * width, (from + 1) * width);
  }

  /** Moves everything into columns of another capacity and other cards; rare: growth doubles, cards are changed by hand. */
  #layOut(capacity: number, cards: readonly number[]): void {
    const old = { ...this, slot: this.slot.bind(this), mask: this.#mask, columns: this.#columns.slice() };
    const indices = Array.from({ length: this.end - this.start }, (_, i) => this.start + i);
    const slots = indices.map((index) => [index & old.mask, index & (capacity - 1)] as const);
    const rows = <T extends Float64Array | Uint32Array>(from: T, to: T): T => {
      for (const [before, after] of slots) to[after] = from[before]!;
      return to;
    };
    const cells = <T extends Uint8Array | Uint32Array>(from: T, to: T): T => {
      cards.forEach((id, column) => {
        const was = old.columns[id]!;
        if (was < 0) return;
        for (const [before, after] of slots) to[after * cards.length + column] = from[before * old.cards.length + was]!;
      });
      return to;
    };
    this.ts = rows(old.ts, new Float64Array(capacity));
    this.interval_ms = rows(old.interval_ms, new Uint32Array(capacity));
    this.cpu = rows(old.cpu, new Float64Array(capacity));
    this.network_in = rows(old.network_in, new Float64Array(capacity));
    this.network_out = rows(old.network_out, new Float64Array(capacity));
    this.uptime_s = rows(old.uptime_s, new Float64Array(capacity));
    this.seq = rows(old.seq, new Float64Array(capacity));
    this.boot_id = new Array<string>(capacity).fill('');
    for (const [before, after] of slots) this.boot_id[after] = old.boot_id[before]!;
    this.card = cells(old.card, new Uint8Array(capacity * cards.length));
    this.utilization = cells(old.utilization, new Uint8Array(capacity * cards.length));
    this.used_kib = cells(old.used_kib, new Uint32Array(capacity * cards.length));
    this.#mask = capacity - 1;
    this.cards = cards;
    this.#columns.fill(-1);
    cards.forEach((id, column) => (this.#columns[id] = column));
  }
}
