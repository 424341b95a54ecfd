import { mkdirSync } from 'node:fs';
import { drainPending, Session } from 'chdb';
import { quote, quoteName, setStatement } from './quote.js';
import { restoreFatalSignals } from './signals.js';

export interface Limits {
  /** Memory of all queries, merges and caches together, bytes. */
  readonly memory: number;
  /** Memory of one query, bytes. */
  readonly queryMemory: number;
}

export interface Scope {
  /** Marks the scope's queries, so that `kill` finds them. */
  readonly tag: string;
  readonly database?: string | undefined;
  readonly settings?: Readonly<Record<string, string>>;
  /** Values of `{name:Type}`, in the interface's escaped form. */
  readonly params?: Readonly<Record<string, string>>;
}

/** chDB on one folder. A process can hold one. */
export class Database implements AsyncDisposable {
  readonly #path: string;
  readonly #first: Session;

  /** Throws chDB's `ChdbConnectionError`, for example when another process has the folder. */
  constructor(path: string, limits: Limits) {
    mkdirSync(path, { recursive: true });
    this.#path = path;
    // Server-wide arguments count for all later sessions only when the first one brings them.
    this.#first = new Session(path, {
      connectionArgs: [
        `--max_server_memory_usage=${limits.memory}`,
        `--max_memory_usage=${limits.queryMemory}`,
        // The default caches (5 GiB each) are those of a machine that does nothing else.
        '--mark_cache_size=67108864',
        '--index_mark_cache_size=16777216',
        '--uncompressed_cache_size=0',
      ],
    });
    restoreFatalSignals();
    this.#queryMemory = limits.queryMemory;
  }

  readonly #queryMemory: number;

  /**
   * A session that nothing of another request can leak into: settings and parameters stick to a session, so every
   * request gets a fresh one (measured: 1.5 ms of CPU for it, its settings and a trivial query).
   */
  async scope(scope: Scope): Promise<Session & Disposable> {
    const session = new Session(this.#path);
    try {
      if (scope.database) await session.queryAsync(`USE ${quoteName(scope.database)}`);
      const params = Object.entries(scope.params ?? {}).map(([name, value]) => [`param_${name}`, value]);
      const set = setStatement({ max_memory_usage: `${this.#queryMemory}`, ...scope.settings, ...Object.fromEntries(params), log_comment: scope.tag });
      if (set) await session.queryAsync(set);
      return session;
    } catch (cause) {
      session.close();
      throw cause;
    }
  }

  /** Cancels what runs under `tag`; it ends some milliseconds later. Never waits: a synchronous KILL hangs for ever. */
  async kill(tag: string): Promise<void> {
    using session = new Session(this.#path);
    await session.queryAsync(`KILL QUERY WHERE Settings['log_comment'] = ${quote(tag)}`);
  }

  /** The readers' side needs one session that is always there. */
  get session(): Session {
    return this.#first;
  }

  /** Proves that the engine still answers. */
  async probe(): Promise<void> {
    await this.#first.queryAsync('SELECT 1');
  }

  /** Cancels the selects and lets the inserts finish: the engine crashes when it is closed under a running insert. */
  async [Symbol.asyncDispose](): Promise<void> {
    {
      using session = new Session(this.#path);
      await session.queryAsync("KILL QUERY WHERE query_kind != 'Insert'").catch(() => {});
    }
    await drainPending();
    this.#first.close();
    await drainPending();
  }
}
