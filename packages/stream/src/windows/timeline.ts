import { KIB, isFree8g, isUsed10pct, type GpuSample, type IdleThresholds, type Millis } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';

/** Where a row's numbers lie from its slot on. `BOOT` is a small number that stands for the boot id. */
export const TS = 0;
export const INTERVAL_MS = 1;
export const CPU = 2;
export const NETWORK_IN = 3;
export const NETWORK_OUT = 4;
export const UPTIME_S = 5;
const SEQ = 6;
export const BOOT = 7;
const HEAD = 8;

/** The second word of a card's cell: the bits of what it was, and its utilisation in whole percents in the lowest byte. */
export const PRESENT = 1 << 8;
export const FREE8G = 1 << 9;
export const USED10PCT = 1 << 10;
export const UTILIZATION = 0xff;
export const UNKNOWN = 255;

const FIRST_CAPACITY = 64;
const FEW_BOOTS = 16;

/**
 * The samples of one server in the order of their event time: a ring of rows, shared by the windows of all lengths.
 *
 * A row is 64 bytes for the server and 8 for each card, in one piece: with 1,000 servers nothing is in the processor's cache, and a row
 * of eight cards costs two cache lines of one page where a column for each field cost a dozen lines of as many pages.
 * It is named by its index, which grows for ever; `slot(index)` is where its numbers begin, `cell(slot, column)` where a card's words do.
 */
export class Timeline {
  /** Index of the oldest row, and one past the newest. */
  start = 0;
  end = 0;
  /** Ids of the cards; a card's place here is its column. */
  cards: readonly number[] = [];
  numbers = new Float64Array(FIRST_CAPACITY * HEAD);
  /** The same memory as `numbers`: of each card its memory in use, KiB, and its second word. */
  words = new Uint32Array(this.numbers.buffer);

  #width = HEAD;
  #mask = FIRST_CAPACITY - 1;
  /** By card id, which is at most 255. */
  readonly #columns = new Int16Array(256).fill(-1);
  #boots: string[] = [];
  #most_boots = FEW_BOOTS;

  slot(index: number): number {
    return (index & this.#mask) * this.#width;
  }

  cell(slot: number, column: number): number {
    return 2 * (slot + HEAD + column);
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
    for (let i = this.end; i > index; i--) this.numbers.copyWithin(this.slot(i), this.slot(i - 1), this.slot(i - 1) + this.#width);
    this.end++;
    this.#write(this.slot(index), sample, idle);
  }

  /** Goes on with these cards in this order; the cells of others are given up. */
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

  #write(slot: number, sample: Received, idle: IdleThresholds): void {
    const { numbers, words } = this;
    numbers[slot + TS] = sample.ts;
    numbers[slot + INTERVAL_MS] = sample.interval_ms;
    numbers[slot + CPU] = sample.cpu;
    numbers[slot + NETWORK_IN] = sample.network_in;
    numbers[slot + NETWORK_OUT] = sample.network_out;
    numbers[slot + UPTIME_S] = sample.uptime_s;
    numbers[slot + SEQ] = sample.seq;
    numbers[slot + BOOT] = this.#boot(sample.boot_id);
    for (let i = slot + HEAD; i < slot + this.#width; i++) numbers[i] = 0;
    for (const gpu of sample.gpus) {
      const cell = this.cell(slot, this.#columns[gpu.id]!);
      words[cell] = Math.round(gpu.memory_used / KIB);
      words[cell + 1] = secondWord(gpu, idle);
    }
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

  /** Moves all rows into memory for another number of them and other cards. Rare: the capacity doubles, cards are changed by hand. */
  #layOut(capacity: number, cards: readonly number[]): void {
    const width = HEAD + cards.length;
    const moved = new Float64Array(capacity * width);
    const words = new Uint32Array(moved.buffer);
    for (let index = this.start; index < this.end; index++) {
      const from = this.slot(index);
      const to = (index & (capacity - 1)) * width;
      moved.set(this.numbers.subarray(from, from + HEAD), to);
      cards.forEach((id, column) => {
        const was = this.#columns[id]!;
        if (was < 0) return;
        // As words: read as a double, a cell may be a NaN, whose bits nothing promises to keep.
        const [cell, there] = [this.cell(from, was), this.cell(to, column)];
        words[there] = this.words[cell]!;
        words[there + 1] = this.words[cell + 1]!;
      });
    }
    this.numbers = moved;
    this.words = words;
    this.cards = cards;
    this.#width = width;
    this.#mask = capacity - 1;
  }
}

function secondWord(gpu: GpuSample, idle: IdleThresholds): number {
  const utilization = gpu.utilization === undefined ? UNKNOWN : Math.round(gpu.utilization);
  return PRESENT | (isFree8g(gpu, idle) ? FREE8G : 0) | (isUsed10pct(gpu, idle) ? USED10PCT : 0) | utilization;
}
