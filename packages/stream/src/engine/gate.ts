/** Lets `places` in at a time; the others wait their turn. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async enter(): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
    return { [Symbol.dispose]: () => this.#leave() };
  }

  /** Like `enter`, but undefined instead of waiting. */
  tryEnter(): Disposable | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return { [Symbol.dispose]: () => this.#leave() };
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
