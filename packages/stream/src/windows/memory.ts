/** What a server of eight cards takes with the windows that there are by default. */
const BYTES = 5 * 1024;

/**
 * The small arrays of one server, side by side: what a sample touches then lies on two pages of memory and not on ten, each of which the
 * processor would have to find first. What doesn't fit lies by itself.
 */
export class Memory {
  readonly #buffer = new ArrayBuffer(BYTES);
  #at = 0;

  float64(length: number): Float64Array {
    return new Float64Array(...this.#take(8, length));
  }

  uint16(length: number): Uint16Array {
    return new Uint16Array(...this.#take(2, length));
  }

  int16(length: number): Int16Array {
    return new Int16Array(...this.#take(2, length));
  }

  #take(width: number, length: number): [buffer: ArrayBuffer, at: number, length: number] {
    const bytes = 8 * Math.ceil((width * length) / 8);
    if (this.#at + bytes > BYTES) return [new ArrayBuffer(bytes), 0, length];
    this.#at += bytes;
    return [this.#buffer, this.#at - bytes, length];
  }
}
