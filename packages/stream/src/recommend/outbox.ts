/** A frozen run of rows: retried as it is under the same token, so that the database can tell a retry from news. */
export interface Batch {
  readonly table: string;
  readonly rows: readonly object[];
  readonly token: string;
}

export interface OutboxOptions {
  readonly insert: (batch: Batch) => Promise<void>;
  /** Whether the same batch may succeed later; one that never will is dropped and counted, or it would block all others. */
  readonly retryable: (error: unknown) => boolean;
  /** Rows that may wait in all; beyond it new ones are refused and counted. */
  readonly capacity: number;
  readonly batch_rows: number;
}

/**
 * Rows on their way to the database, in memory and bounded. Adding never waits. Tables are drained in the order in which
 * they are named, so that a row never arrives before the one it refers to.
 */
export class Outbox<Table extends string> {
  readonly #queues: Map<Table, { id: string; row: object }[]>;
  readonly #options: OutboxOptions;
  #batch: Batch | null = null;
  #running: Promise<void> | null = null;
  #dropped = 0;
  #failure: unknown = null;

  constructor(tables: readonly Table[], options: OutboxOptions) {
    this.#queues = new Map(tables.map((table) => [table, []]));
    this.#options = options;
  }

  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.length, this.#batch?.rows.length ?? 0);
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Why the last try failed; `null` when it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  /** @returns false when there is no room. */
  add(table: Table, id: string, row: object): boolean {
    if (this.waiting >= this.#options.capacity) {
      this.#dropped++;
      return false;
    }
    this.#queues.get(table)!.push({ id, row });
    return true;
  }

  /** Sends what waits until nothing does or the database fails; one run at a time. Never rejects: see `failure`. */
  flush(): Promise<void> {
    this.#running ??= this.#drain().finally(() => (this.#running = null));
    return this.#running;
  }

  async #drain(): Promise<void> {
    for (this.#batch ??= this.#cut(); this.#batch; this.#batch = this.#cut()) {
      try {
        await this.#options.insert(this.#batch);
        this.#failure = null;
      } catch (error) {
        this.#failure = error;
        if (this.#options.retryable(error)) return;
        this.#dropped += this.#batch.rows.length;
      }
    }
  }

  #cut(): Batch | null {
    for (const [table, queue] of this.#queues) {
      if (queue.length === 0) continue;
      const taken = queue.splice(0, this.#options.batch_rows);
      return { table, rows: taken.map((one) => one.row), token: `${table}:${taken[0]!.id}:${taken.length}` };
    }
    return null;
  }
}
