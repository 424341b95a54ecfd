import type { Clock, Millis } from '@vacancy/shared/plain';

/** Reads one kind of fact. Whoever calls it gives it a deadline and never calls it twice at a time. */
export interface Collector<T> {
  readonly name: string;
  /** Time between two readings; 0 reads at every tick. */
  readonly cadence_ms: number;
  /** @throws with a reason for people when the fact cannot be read. */
  collect(signal: AbortSignal): Promise<T>;
  /** What the last reading had to leave out, and why; the rest of it stands. */
  readonly problem?: string | null;
}

export interface Failure {
  readonly collector: string;
  readonly reason: string;
  readonly count: number;
}

/** A reading older than this many cadences is no longer known. */
const STALE_CADENCES = 3;
const MIN_STALE_MS = 10_000;
/** A failure stays in view this long after the last time. */
const REMEMBERED_MS = 300_000;

/**
 * Runs one collector: at its cadence, never twice at a time, with a deadline, its failures counted. A reading that does not
 * come leaves the last one standing until that is stale.
 */
export class Runner<T> {
  readonly #collector: Collector<T>;
  readonly #deadline: number;
  readonly #clock: Clock;
  #running: Promise<void> | null = null;
  /** The reading under way is past its deadline. */
  #overdue = false;
  #controller = new AbortController();
  #due: Millis = -Infinity;
  #latest: { value: T; ts: Millis } | null = null;
  #failure: (Failure & { at: Millis }) | null = null;

  constructor(collector: Collector<T>, deadline_ms: number, clock: Clock) {
    this.#collector = collector;
    this.#deadline = deadline_ms;
    this.#clock = clock;
  }

  get name(): string {
    return this.#collector.name;
  }

  /** True for what every sample waits for. */
  get everyTick(): boolean {
    return this.#collector.cadence_ms === 0;
  }

  /** The last good reading while it is fresh enough to stand for now. */
  get value(): T | undefined {
    const latest = this.#latest;
    return latest && this.#clock.now() - latest.ts <= this.#staleAfter() ? latest.value : undefined;
  }

  /** When the last good reading was made. */
  get read_at(): Millis | null {
    return this.#latest?.ts ?? null;
  }

  /** The last failure, while it lasts or is recent, and how many there were since the start. */
  get failure(): Failure | null {
    if (!this.#failure || (!this.#overdue && this.#clock.now() - this.#failure.at > REMEMBERED_MS)) return null;
    const { collector, reason, count } = this.#failure;
    return { collector, reason, count };
  }

  /** Reads if a reading is due and none is under way; settles when that reading is done or overdue, and never rejects. */
  run(): Promise<void> {
    const now = this.#clock.now();
    // A clock set back must not silence a slow collector for as long as it was set back.
    if (this.#due - now > this.#collector.cadence_ms) this.#due = now;
    if (this.#running || now < this.#due) return Promise.resolve();
    this.#due = now + this.#collector.cadence_ms;
    return this.#read();
  }

  #read(): Promise<void> {
    if (this.#controller.signal.aborted) this.#controller = new AbortController();
    const controller = this.#controller;
    const reading = this.#collector.collect(controller.signal).then(
      (value) => {
        if (controller.signal.aborted) return;
        this.#latest = { value, ts: this.#clock.now() };
        if (this.#collector.problem) this.#failed(this.#collector.problem);
      },
      (cause: unknown) => {
        if (!controller.signal.aborted) this.#failed(reasonOf(cause));
      },
    );
    this.#running = reading.finally(() => {
      this.#running = null;
      this.#overdue = false;
    });
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(this.#deadline, () => {
        controller.abort();
        this.#overdue = true;
        this.#failed(`no answer within ${this.#deadline} ms`);
        resolve();
      });
      void reading.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #failed(reason: string): void {
    this.#failure = { collector: this.name, reason: reason.slice(0, 200), count: (this.#failure?.count ?? 0) + 1, at: this.#clock.now() };
  }

  #staleAfter(): number {
    return Math.max(STALE_CADENCES * this.#collector.cadence_ms, this.everyTick ? 0 : MIN_STALE_MS, 1_000);
  }
}

/** One line that says what went wrong. */
export const reasonOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ').trim() || 'failed without a reason';
