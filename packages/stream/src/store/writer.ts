import { SECOND, type Clock, type IdleThresholds } from '@vacancy/shared';
import type { Log } from '../log.js';
import { makeBatch, type Cut, type Made } from './batch.js';
import type { Database } from './client.js';
import type { Batch, Journal } from './journal.js';
import type { Ledger } from './ledger.js';
import { StreamChangedError, type Position, type PullLimits, type StreamReader } from './pull.js';

export interface WriterParts {
  readonly db: Database;
  readonly journal: Journal;
  readonly reader: StreamReader;
  readonly ledger: Ledger;
  readonly idle: IdleThresholds;
  readonly limits: PullLimits;
  readonly log: Log;
  readonly clock: Clock;
  /** Where the stream was made anew: from where to go on. */
  readonly relocate: (position: Position) => Promise<Position>;
  /** Mends what the end of the engine in the middle of the batch has torn. */
  readonly mend: (batch: Batch) => Promise<unknown>;
  /** Whether this service may still store; where not, the writer is stopped. */
  readonly permit: () => Promise<boolean>;
  readonly onStored: (made: Made, cut: Cut) => void;
  readonly onError: (error: unknown) => void;
}

const FIRST_DELAY_MS = 250;
// Asking costs nothing; an embedded engine is back within seconds.
const LONGEST_DELAY_MS = 2 * SECOND;

/**
 * Moves the stream into the database, one batch at a time:
 *
 *   pull → cut (book, encode) → journal → insert → position
 *
 * The position moves only after the insert, and the next batch is journalled only after that. The next pull runs beside the
 * insert, so that neither waits for the other; nothing more than that is held in memory, the rest waits in the broker.
 * Whatever fails is tried again for ever with the same bytes: nothing is dropped.
 */
export class Writer {
  position: Position;
  readonly #parts: WriterParts;
  #stopped = false;
  #doubtful = false;
  #wake = (): void => {};
  #busy: Promise<void> = Promise.resolve();

  constructor(position: Position, parts: WriterParts) {
    this.position = position;
    this.#parts = parts;
  }

  /** Runs until `stop`; returns with the last batch stored or, when the database is away, with it in the journal. */
  async run(): Promise<void> {
    let next = this.#pull(this.position);
    while (!this.#stopped) {
      const cut = await next;
      if (!cut || cut.messages.length === 0) {
        next = this.#pull(this.position);
        continue;
      }
      next = this.#pull({ stream: cut.stream, seq: cut.to });
      await this.exclusively(() => this.#store(cut));
    }
    await next;
  }

  /** While `task` runs nothing is inserted: for rows that are being made anew. */
  async exclusively<T>(task: () => Promise<T>): Promise<T> {
    const before = this.#busy;
    let done = (): void => {};
    this.#busy = new Promise((resolve) => (done = resolve));
    await before;
    try {
      return await task();
    } finally {
      done();
    }
  }

  /** Something was left half done: the next batch is checked as one that follows a failure. */
  mendNext(): void {
    this.#doubtful = true;
  }

  stop(): void {
    this.#stopped = true;
    this.#parts.reader.interrupt();
    this.#wake();
  }

  /** `undefined` when there is nothing to store yet; waits before it says so after a failure. */
  async #pull(after: Position): Promise<Cut | undefined> {
    const { reader, limits, relocate, onError } = this.#parts;
    for (let delay = FIRST_DELAY_MS; !this.#stopped; delay = Math.min(2 * delay, LONGEST_DELAY_MS)) {
      try {
        return await reader.next(after, limits);
      } catch (error) {
        onError(error);
        if (error instanceof StreamChangedError) after = this.position = await relocate(after).catch(() => after);
        else await this.#pause(delay);
      }
    }
    return undefined;
  }

  async #store(cut: Cut): Promise<void> {
    const { ledger, idle, journal, permit, onStored } = this.#parts;
    if (!(await permit())) return;
    const made = makeBatch(cut, ledger, idle);
    const { batch } = made;
    if (!(await this.#insist(() => journal.write({ batch, ledger: ledger.state() })))) return;
    if (!(await this.#insist(this.#sending(batch)))) return;
    this.position = { stream: batch.stream, seq: batch.to };
    onStored(made, cut);
  }

  /**
   * Sends the batch at each call. One that follows a failure is checked: an engine that was killed in the middle may keep the token
   * of a block that it never made visible, and then drops every retry of it.
   */
  #sending(batch: Batch): () => Promise<void> {
    let failed = this.#doubtful;
    return async () => {
      const again = failed;
      failed = true;
      await sendBatch(this.#parts.db, batch);
      if (again) await this.#parts.mend(batch);
      this.#doubtful = false;
    };
  }

  /** Tries until it works; `false` when it was stopped before. */
  async #insist(task: () => Promise<void>): Promise<boolean> {
    for (let delay = FIRST_DELAY_MS; ; delay = Math.min(2 * delay, LONGEST_DELAY_MS)) {
      try {
        await task();
        return true;
      } catch (error) {
        this.#parts.onError(error);
        if (this.#stopped) return false;
        await this.#pause(delay);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.setTimer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Sends a batch, again as often as need be: the engine drops what it has under the token. */
export async function sendBatch(db: Database, { token, samples, rejections }: Batch): Promise<void> {
  if (samples.length > 0) await db.insertBlock('samples', samples, token);
  if (rejections.length > 0) await db.insertBlock('rejected_samples', rejections, token);
}
