import { ChdbNodeEngine, QueryClass } from 'chdb/durable/node';
import type { Session } from 'chdb';
import { quote } from './quote.js';
import { GIB } from '@vacancy/shared';
import type { Database, Scope } from './database.js';
import { toFailure } from './failure.js';
import { RequestError } from './request.js';
import { readerSettings, refuseAst, withoutExplainOptions } from './guard.js';

export interface ReaderLimits {
  /** Queries of readers at a time; more are refused, not queued. */
  readonly concurrent: number;
  readonly executionSeconds: number;
  /** Bytes of memory for one query. */
  readonly memory: number;
  readonly resultRows: number;
  readonly resultBytes: number;
  /** Bytes of one query's text. */
  readonly text: number;
}

const UNKNOWN_DATABASE = 81;

/** What those who may only read are let do. */
export class Readers implements AsyncDisposable {
  readonly limits: ReaderLimits;
  readonly #parser: ChdbNodeEngine;
  readonly #tableFunctions: ReadonlySet<string>;
  readonly #home = 'vacancy';
  #running = 0;

  private constructor(limits: ReaderLimits, parser: ChdbNodeEngine, tableFunctions: ReadonlySet<string>) {
    this.limits = limits;
    this.#parser = parser;
    this.#tableFunctions = tableFunctions;
  }

  /** `session` is any one on the engine that is open on `dataDir`. */
  static async open(dataDir: string, session: Session, limits: ReaderLimits): Promise<Readers> {
    const parser = new ChdbNodeEngine();
    await parser.start({ dataPath: dataDir, backupsAllowedPath: dataDir });
    const names = (await session.queryAsync('SELECT lower(name) FROM system.table_functions', { format: 'TabSeparated' })).text();
    return new Readers(limits, parser, new Set(names.trim().split('\n')));
  }

  /** A place among the running queries, to be given back when the engine is done with the query. */
  enter(): Disposable {
    if (this.#running >= this.limits.concurrent) {
      throw new RequestError(503, 202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `at most ${this.limits.concurrent} queries without a password run at a time; try again`);
    }
    this.#running += 1;
    return { [Symbol.dispose]: () => void (this.#running -= 1) };
  }

  /** A session with the limits of a reader. Drivers ask for the database "default"; readers get the one this is about. */
  async session(database: Database, scope: Scope): Promise<Session & Disposable> {
    const limited = { ...scope, settings: this.#settings(scope.settings ?? {}) };
    if (scope.database && scope.database.toLowerCase() !== 'default') return database.scope(limited);
    return database.scope({ ...limited, database: this.#home }).catch((cause: unknown) => {
      if (toFailure(cause).code !== UNKNOWN_DATABASE) throw cause;
      return database.scope({ ...limited, database: 'system' });
    });
  }

  #settings(asked: Readonly<Record<string, string>>): Record<string, string> {
    const { executionSeconds, memory, resultRows, resultBytes } = this.limits;
    const settings = readerSettings(asked, {
      max_execution_time: `${executionSeconds}`, max_memory_usage: `${memory}`, max_result_rows: `${resultRows}`, max_result_bytes: `${resultBytes}`,
      max_threads: '2',
    });
    if (typeof settings === 'string') throw new RequestError(403, 164, 'READONLY', `Cannot modify '${settings}' setting in readonly mode`);
    return { ...settings, max_temporary_data_on_disk_size_for_query: `${GIB}`, result_overflow_mode: 'throw', timeout_overflow_mode: 'throw', readonly: '1' };
  }

  /**
   * Throws unless `text` is one statement that only reads, and nothing but tables. `session` has the query's own
   * parameters and settings, so that what is looked at is what will run.
   */
  async check(text: string, session: Session): Promise<void> {
    const { statementCount, queryClass } = await this.#parser.analyze(text, 'vacancy');
    if (queryClass === QueryClass.Unknown) {
      // Gives the parser's own message. Running the text itself, even behind EXPLAIN, would run its first statements.
      await session.queryAsync(`SELECT formatQuery(${quote(text)})`);
      throw denied('this statement is not known');
    }
    if (statementCount !== 1) throw denied('one statement at a time');
    if (queryClass !== QueryClass.ReadOnly) throw denied('only reading is allowed without the password of the service');
    const tree = await session.queryAsync(`EXPLAIN AST ${withoutExplainOptions(text)}`, { format: 'TabSeparatedRaw' });
    const refused = refuseAst(tree.text(), text, this.#tableFunctions);
    if (refused) throw denied(refused);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parser.close();
  }
}

const denied = (reason: string): RequestError => new RequestError(403, 497, 'ACCESS_DENIED', `Not enough privileges: ${reason}`);
