import { MIB } from '@vacancy/shared';
import type { Decoded } from './decode.js';

/** Which consumer brought a message, as its how-manieth, and how many wait behind it. */
export interface Delivery {
  readonly consumer: string;
  readonly delivered: number;
  readonly pending: number;
}

export interface TailLimits {
  readonly messages: number;
  readonly bytes: number;
}

interface Entry {
  readonly seq: number;
  readonly bytes: number;
  readonly message: Decoded;
}

/** A batch and what comes while it is stored; 30,000 samples of eight cards are some 60 MB of objects. */
const MOST: TailLimits = { messages: 30_000, bytes: 64 * MIB };

/**
 * The newest part of the stream as the live way has read and decoded it, for the storing way to take instead of reading it a second
 * time: that was a third of the stream service's work and half of the broker's.
 *
 * The ways stay apart: the live way only puts in, what nobody takes falls out at the other end, and who does not find here
 * what comes next asks the broker. Invariant: every message of the stream behind `#from`, up to `#to`, is here.
 */
export class Tail {
  readonly #most: TailLimits;
  #entries: Entry[] = [];
  #bytes = 0;
  #from = 0;
  #to = 0;
  /** Up to here nobody wants them any more. */
  #past = 0;
  #last: Delivery | undefined;
  #full: { readonly limits: TailLimits; readonly then: () => void } | undefined;

  constructor(most: TailLimits = MOST) {
    this.#most = most;
  }

  add(seq: number, bytes: number, message: Decoded, delivery: Delivery): void {
    const follows = delivery.consumer === this.#last?.consumer && delivery.delivered === this.#last.delivered + 1 && seq > this.#to;
    if (!follows) {
      this.#drop(this.#entries.length, seq - 1);
      this.#past = 0;
    }
    this.#last = delivery;
    this.#to = seq;
    if (seq <= this.#past) return void (this.#from = seq);
    this.#entries.push({ seq, bytes, message });
    this.#bytes += bytes;
    // Half at once: what is taken off the front moves the rest.
    if (exceeds(this.#entries.length, this.#bytes, this.#most)) this.#drop(Math.ceil(this.#entries.length / 2));
    this.#tellFull();
  }

  /** Whose messages these are (another one may be reading another stream under the same name), and which was the last. */
  get last(): Delivery | undefined {
    return this.#last;
  }

  /** Messages of the stream behind those that were taken. */
  get pending(): number {
    return this.#entries.length + (this.#last?.pending ?? 0);
  }

  /** Whether what follows `seq` is here, or comes within the next messages. */
  reaches(seq: number): boolean {
    return this.#last !== undefined && this.#from <= seq && seq <= this.#to + this.#most.messages;
  }

  /** Calls `then` once as much as `limits` follows `seq`; the latest call counts. */
  whenFull(seq: number, limits: TailLimits, then: () => void): void {
    this.#forgetUpTo(seq);
    this.#full = { limits, then };
    this.#tellFull();
  }

  /** What follows `seq`, in order; `undefined` when something of it is not here. */
  take(seq: number, limits: TailLimits): { readonly to: number; readonly messages: readonly Decoded[] } | undefined {
    if (this.#last === undefined || this.#from > seq) return undefined;
    this.#forgetUpTo(seq);
    let count = 0;
    for (let bytes = 0; count < this.#entries.length && !exceeds(count, bytes, limits); count++) bytes += this.#entries[count]!.bytes;
    const taken = this.#entries.slice(0, count);
    this.#drop(count);
    return { to: taken.at(-1)?.seq ?? seq, messages: taken.map(({ message }) => message) };
  }

  #tellFull(): void {
    const full = this.#full;
    if (!full || !exceeds(this.#entries.length, this.#bytes, full.limits)) return;
    this.#full = undefined;
    full.then();
  }

  /** What was read from the broker meanwhile is not needed here. */
  #forgetUpTo(seq: number): void {
    this.#past = seq;
    let count = 0;
    while (count < this.#entries.length && this.#entries[count]!.seq <= seq) count++;
    if (count > 0) this.#drop(count);
  }

  #drop(count: number, from = this.#entries[count - 1]?.seq ?? this.#from): void {
    for (let i = 0; i < count; i++) this.#bytes -= this.#entries[i]!.bytes;
    this.#entries.splice(0, count);
    this.#from = from;
  }
}

const exceeds = (messages: number, bytes: number, most: TailLimits): boolean => messages >= most.messages || bytes >= most.bytes;
