import type { Session } from 'chdb';
import { GIB } from '@vacancy/shared';
import type { Database, Scope } from './database.js';
import { toFailure } from './failure.js';
import { Gate } from './gate.js';
import { readerSettings, refuseAst, withoutExplainOptions } from './guard.js';
import type { Parser } from './parser.js';
import { quote } from './quote.js';
import { RequestError } from './request.js';

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

/** Readers name no database, or "default" as their drivers do, and get this one. */
const HOME = 'vacancy';
const UNKNOWN_DATABASE = 81;

/** What those who may only read are let do. */
export class Readers {
  readonly limits: ReaderLimits;
  readonly #parser: Parser;
  readonly #tableFunctions: ReadonlySet<string>;
  readonly #gate: Gate;

  private constructor(limits: ReaderLimits, parser: Parser, tableFunctions: ReadonlySet<string>) {
    this.limits = limits;
    this.#parser = parser;
    this.#tableFunctions = tableFunctions;
    this.#gate = new Gate(limits.concurrent);
  }

  /** `session` is any one, to ask for the names of the engine's table functions. */
  static async open(parser: Parser, session: Session, limits: ReaderLimits): Promise<Readers> {
    const names = (await session.queryAsync('SELECT lower(name) FROM system.table_functions', { format: 'TabSeparated' })).text();
    return new Readers(limits, parser, new Set(names.trim().split('\n')));
  }

  /** A place among the running queries, to be given back when the engine is done with the query. */
  enter(): Disposable {
    const place = this.#gate.tryEnter();
    if (!place) {
      throw new RequestError(503, 202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `at most ${this.limits.concurrent} queries without a password run at a time; try again`);
    }
    return place;
  }

  async session(database: Database, scope: Scope): Promise<Session & Disposable> {
    const limited = { ...scope, settings: this.#settings(scope.settings ?? {}) };
    if (scope.database && scope.database.toLowerCase() !== 'default') return database.scope(limited);
    return database.scope({ ...limited, database: HOME }).catch((cause: unknown) => {
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
    return { ...settings, max_temporary_data_on_disk_size_for_query: `${GIB}`, result_overflow_mode: 'throw', timeout_overflow_mode: 'throw', allow_introspection_functions: '0', readonly: '1' };
  }

  /**
   * Throws unless `text` is one statement that only reads, and nothing but tables. `session` has the query's own
   * parameters, so that what is looked at is what will run.
   */
  async check(text: string, session: Session): Promise<void> {
    const { statements, kind } = await this.#parser.read(text);
    if (kind === 'unknown') {
      // Gives the parser's own message. Running the text itself, even behind EXPLAIN, would run its first statements.
      await session.queryAsync(`SELECT formatQuery(${quote(text)})`);
      throw denied('this statement is not known');
    }
    if (statements !== 1) throw denied('one statement at a time');
    if (kind !== 'reading') throw denied('only reading is allowed without the password of the service');
    const tree = await session.queryAsync(`EXPLAIN AST ${withoutExplainOptions(text)}`, { format: 'TabSeparatedRaw' });
    const refused = refuseAst(tree.text(), text, this.#tableFunctions);
    if (refused) throw denied(refused);
  }
}

const denied = (reason: string): RequestError => new RequestError(403, 497, 'ACCESS_DENIED', `Not enough privileges: ${reason}`);
