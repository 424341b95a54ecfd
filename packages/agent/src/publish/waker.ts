import type { Clock } from '@vacancy/shared/plain';

/** Lets loops wait for "something may have changed". */
export class Waker {
  #waiting: (() => void)[] = [];

  all(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Settles at the next `all`, at once where the signal has been given. Whoever aborts the signal calls `all` too. */
  next(signal: AbortSignal): Promise<void> {
    return signal.aborted ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Settles after `ms`, or when the signal is given. */
export function sleep(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(ms, done);
    signal.addEventListener('abort', done);
  });
}
