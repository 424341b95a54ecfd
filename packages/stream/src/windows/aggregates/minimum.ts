import type { Millis } from '@vacancy/shared';
import type { TrailingAggregate } from './aggregate.js';

/**
 * The least value since any moment. Of all values it keeps those that no later value undercuts, a staircase that only rises with
 * time: the first step after a moment is the least value since then. One staircase serves the windows of all lengths.
 */
export class Minimum implements TrailingAggregate<number | null> {
  #ts = new Float64Array(8);
  #values = new Float64Array(8);
  #first = 0;
  #end = 0;

  add(ts: Millis, x: number): void {
    const at = this.#firstAfter(ts);
    if (at < this.#end && this.#values[at]! <= x) return;
    let keep = at;
    while (keep > this.#first && this.#values[keep - 1]! >= x) keep--;
    this.#replace(keep, at, ts, x);
  }

  forget(start: Millis): void {
    while (this.#first < this.#end && this.#ts[this.#first]! <= start) this.#first++;
  }

  since(start: Millis): number | null {
    const at = this.#firstAfter(start);
    return at < this.#end ? this.#values[at]! : null;
  }

  /** Bytes held by the steps. */
  get bytes(): number {
    return this.#ts.byteLength + this.#values.byteLength;
  }

  #firstAfter(ts: Millis): number {
    if (this.#end > this.#first && this.#ts[this.#end - 1]! <= ts) return this.#end;
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ts[middle]! <= ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The steps from `from` to `to` give way to one. */
  #replace(from: number, to: number, ts: Millis, x: number): void {
    if (this.#end === this.#ts.length && from === to) [from, to] = this.#makeRoom(from, to);
    this.#ts.copyWithin(from + 1, to, this.#end);
    this.#values.copyWithin(from + 1, to, this.#end);
    this.#ts[from] = ts;
    this.#values[from] = x;
    this.#end += 1 - (to - from);
  }

  /** Moves the steps to the front, into twice the space when they fill more than half of it. */
  #makeRoom(from: number, to: number): [number, number] {
    const size = this.#end - this.#first;
    const capacity = size > this.#ts.length / 2 ? 2 * this.#ts.length : this.#ts.length;
    this.#ts = moved(this.#ts.subarray(this.#first, this.#end), capacity);
    this.#values = moved(this.#values.subarray(this.#first, this.#end), capacity);
    const shift = this.#first;
    this.#first = 0;
    this.#end = size;
    return [from - shift, to - shift];
  }
}

function moved(values: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const room = new Float64Array(capacity);
  room.set(values);
  return room;
}
