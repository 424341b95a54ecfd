import { Readable } from 'node:stream';
import { ClickHouseError, ClickHouseLogLevel, createClient, type ClickHouseClient, type ClickHouseSettings } from '@clickhouse/client';

export interface DatabaseOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** `vacancy` by contract; tests use their own. */
  readonly database?: string;
  /** An insert or a query that takes longer is given up and, where it matters, tried again. */
  readonly request_timeout_ms?: number;
}

export interface Database extends AsyncDisposable {
  readonly client: ClickHouseClient;
  readonly name: string;
  /** Makes the database when it is not there. Atomic: refreshable views do not work in the embedded engine's own `default`. */
  create(): Promise<void>;
  /** Runs a statement that returns nothing. */
  command(sql: string, params?: Record<string, unknown>, settings?: ClickHouseSettings): Promise<void>;
  rows<T>(sql: string, params?: Record<string, unknown>, settings?: ClickHouseSettings): Promise<T[]>;
  insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void>;
  /** Inserts one block; a block whose token the table has seen within its window is dropped by the engine. */
  insertBlock(table: string, block: Uint8Array, token?: string): Promise<void>;
}

/**
 * What every insert says. Servers differ in their defaults: asynchronous inserts would answer before the rows are safe, and
 * without the last one a retry is dropped by the first table and counted twice by the archives.
 */
const EXACTLY_ONCE: ClickHouseSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  // Samples of odd times reach many months of the archives at once; the default refuses a block that touches over 100.
  max_partitions_per_insert_block: '0',
};

export function openDatabase(options: DatabaseOptions): Database {
  const name = options.database ?? 'vacancy';
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new RangeError(`"${name}" cannot be the name of the database.`);
  const access = {
    url: options.url, username: options.username ?? 'default', password: options.password ?? '',
    request_timeout: options.request_timeout_ms ?? 120_000, log: { level: ClickHouseLogLevel.OFF },
  };
  const client = createClient({
    ...access,
    database: name,
    clickhouse_settings: { date_time_output_format: 'iso', output_format_json_quote_64bit_integers: 0 },
  });
  return {
    client,
    name,
    async create() {
      // A request that names a database which is not there is refused, whatever it asks.
      const outside = createClient({ ...access, database: 'default' });
      await outside.command({ query: `CREATE DATABASE IF NOT EXISTS ${name} ENGINE = Atomic` }).finally(() => outside.close());
    },
    async command(sql, query_params, clickhouse_settings) {
      await client.command({ query: sql, query_params, clickhouse_settings });
    },
    async rows<T>(sql: string, query_params?: Record<string, unknown>, clickhouse_settings?: ClickHouseSettings) {
      const answer = await client.query({ query: sql, query_params, clickhouse_settings, format: 'JSONEachRow' });
      return answer.json<T>();
    },
    async insert(table, rows) {
      await client.insert({ table, values: rows, format: 'JSONEachRow', clickhouse_settings: EXACTLY_ONCE });
    },
    async insertBlock(table, block, token) {
      const { stream } = await client.exec({
        query: `INSERT INTO ${table} FORMAT Native`,
        values: Readable.from([block], { objectMode: false }),
        clickhouse_settings: { ...EXACTLY_ONCE, ...(token !== undefined && { insert_deduplication_token: token }) },
      });
      await stream.resume().toArray();
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/**
 * Whether trying the same thing again may help: a lost connection, a timeout, an engine that is short of memory, disk or
 * threads. An engine that answers with any other error has understood and refused.
 */
export function isRetryable(error: unknown): boolean {
  return !(error instanceof ClickHouseError) || RETRYABLE_CODES.has(error.code);
}

/** ACCESS_DENIED, and UNKNOWN_PROFILE or UNKNOWN_USER where a file before could not make it. */
export const isDenied = (error: unknown): error is ClickHouseError => error instanceof ClickHouseError && ['497', '180', '192'].includes(error.code);

// TIMEOUT_EXCEEDED, TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, READONLY, MEMORY_LIMIT_EXCEEDED,
// TABLE_IS_READ_ONLY, NOT_ENOUGH_SPACE, TOO_MANY_PARTS, and the errors of keeper sessions.
const RETRYABLE_CODES = new Set(['159', '202', '209', '210', '164', '241', '242', '243', '252', '999', '319', '425']);
