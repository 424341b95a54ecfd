import { MINUTE, type Clock } from '@vacancy/shared';

/** Wrong passwords that one address may send for one user within a minute, and for all users together. */
const PER_USER = 5;
const PER_ADDRESS = 30;
const MEMORY = 10_000;

/**
 * Slows guessing down to a few passwords a minute. A server with a wrong password, retrying every three seconds, shuts out
 * itself and not its neighbours behind the same address: what is refused here is not counted again.
 */
export class Attempts {
  readonly #wrong = new Map<string, number[]>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * One password of an address is checked at a time: five hundred guesses sent at once would otherwise all be looked at before the first
   * of them is found wrong. A check takes 50 ms, so a fleet behind one tunnel is in within seconds.
   */
  inTurn<T>(address: string, check: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(address) ?? Promise.resolve()).then(check);
    const done = turn.catch(() => {}).then(() => {
      if (this.#turns.get(address) === done) this.#turns.delete(address);
    });
    this.#turns.set(address, done);
    return turn;
  }

  allowed(address: string, user: string): boolean {
    return this.#recent(`${address} ${user}`).length < PER_USER && this.#recent(address).length < PER_ADDRESS;
  }

  failed(address: string, user: string): void {
    for (const key of [`${address} ${user}`, address]) {
      const times = [...this.#recent(key), this.#clock.now()];
      this.#wrong.delete(key);
      this.#wrong.set(key, times);
    }
    for (const oldest of this.#wrong.keys()) {
      if (this.#wrong.size <= MEMORY) break;
      this.#wrong.delete(oldest);
    }
  }

  #recent(key: string): number[] {
    const since = this.#clock.now() - MINUTE;
    return (this.#wrong.get(key) ?? []).filter((ts) => ts > since);
  }
}
