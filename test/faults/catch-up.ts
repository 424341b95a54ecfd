import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 250;

/** What the service says of its storing; null while it does not answer or is not ready. */
interface Storing {
  readonly pending: number;
  readonly inserted: number;
}

/**
 * Watches how long the database takes to have everything again: from when the last thing that was broken was to be back, to when
 * every part is ready, something has been stored since, and the broker holds no more than comes in two seconds. A fault
 * before that begins the wait anew.
 */
export class CatchUp {
  longest_ms = 0;
  readonly #url: string;
  readonly #few: number;
  #since: number | null = null;
  #insertedBefore: number | null = null;
  #stopped = false;

  /** @param url of the service; @param few messages that come in two seconds */
  constructor(url: string, few: number) {
    this.#url = url;
    this.#few = few;
    void this.#watch();
  }

  /** Something is gone and will be back in so long. */
  broken(for_ms: number): void {
    this.#since = Math.max(this.#since ?? 0, Date.now() + for_ms);
    this.#insertedBefore = null;
  }

  /** Whether everything is ready and nothing waits for the database. */
  async idle(): Promise<boolean> {
    return (await this.#ask())?.pending === 0;
  }

  /** Waits until everything is back and the database has caught up, at most so long. */
  async mended(most_ms: number): Promise<void> {
    for (const end = Date.now() + most_ms; this.#since !== null && Date.now() < end; ) await sleep(LOOK_EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #ask(): Promise<Storing | null> {
    const get = (route: string) => fetch(`${this.#url}${route}`, { signal: AbortSignal.timeout(5_000) });
    const ready = await get('/readyz').then(({ ok }) => ok, () => false);
    const text = ready ? await get('/metrics').then((answer) => answer.text(), () => '') : '';
    const figure = (name: string) => new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
    const [pending, inserted] = [figure('vacancy_samples_pending'), figure('vacancy_samples_inserted_total')];
    return pending === undefined || inserted === undefined ? null : { pending: Number(pending), inserted: Number(inserted) };
  }

  async #watch(): Promise<void> {
    for (; !this.#stopped; await sleep(LOOK_EVERY_MS)) {
      const storing = await this.#ask();
      if (this.#since === null || Date.now() < this.#since || storing === null) continue;
      this.#insertedBefore ??= storing.inserted;
      if (storing.inserted === this.#insertedBefore || storing.pending > this.#few) continue;
      this.longest_ms = Math.max(this.longest_ms, Date.now() - this.#since);
      this.#since = null;
    }
  }
}
