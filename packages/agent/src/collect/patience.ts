import type { Clock } from '@vacancy/shared/plain';

/**
 * Asks things that may hang in the kernel for good: the space of a dead disk, the command line of a process that waits for one.
 * Each question that hangs holds one of Node's few file threads, so what has not answered is not asked again until it does.
 */
export class Patience {
  readonly #ms: number;
  readonly #most: number;
  readonly #clock: Clock;
  readonly #stuck = new Set<string>();

  /** @param most questions that may hang at a time; nothing is asked while so many do */
  constructor(ms: number, most: number, clock: Clock) {
    this.#ms = ms;
    this.#most = most;
    this.#clock = clock;
  }

  /** What hangs now. */
  get stuck(): readonly string[] {
    return [...this.#stuck];
  }

  /** @returns `null` where there was no answer in time, or where one is still awaited. */
  async ask<T>(name: string, question: () => Promise<T>): Promise<T | null> {
    if (this.#stuck.has(name) || this.#stuck.size >= this.#most) return null;
    let cancel = (): void => {};
    const tired = new Promise<null>((resolve) => (cancel = this.#clock.setTimer(this.#ms, () => resolve(this.#giveUp(name)))));
    const answer = question().finally(() => {
      cancel();
      this.#stuck.delete(name);
    });
    return Promise.race([answer, tired]);
  }

  #giveUp(name: string): null {
    this.#stuck.add(name);
    return null;
  }
}
