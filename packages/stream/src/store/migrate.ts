import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isDenied, type Database } from './client.js';
import { checkSettings, type ArchiveSettings, type Retention } from './settings.js';
import { splitStatements } from './statements.js';

/** The numbered SQL files beside the package's source. */
export const SQL_DIRECTORY = fileURLToPath(new URL('../../sql/', import.meta.url));

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** The database was made with something that this program cannot go on with; the message says what to do. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Brings the database to this program's tables: creates it, applies each numbered file once in order, then the settings.
 * May be repeated at any point; a file that was cut short is applied again (its statements are `IF NOT EXISTS`).
 * `onRefused` gets the files about users that the account may not apply: nothing else depends on them.
 * @returns the names of the files that were applied now
 */
export async function migrate(
  db: Database, settings: ArchiveSettings, directory = SQL_DIRECTORY, onRefused: (name: string, error: Error) => void = () => {},
): Promise<string[]> {
  checkSettings(settings);
  await db.create();
  await db.command(MIGRATIONS_TABLE);
  await db.command(SETTINGS_TABLE);
  await refuseOtherTimezone(db, settings.timezone);
  const applied = await applyFiles(db, await readMigrations(directory), settings.timezone, onRefused);
  await applyRetention(db, settings.retention);
  await recordSettings(db, settings);
  return applied;
}

export async function readMigrations(directory = SQL_DIRECTORY): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{3}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ name, sql: await readFile(`${directory}/${name}`, 'utf8') })));
}

const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS migrations (name String, sha256 String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
  ENGINE = MergeTree ORDER BY name`;

// Every value that was ever in force, with since when.
const SETTINGS_TABLE = `CREATE TABLE IF NOT EXISTS archive_settings (name String, value String, since DateTime64(3, 'UTC') DEFAULT now64(3))
  ENGINE = MergeTree ORDER BY (name, since)`;

async function applyFiles(
  db: Database, files: readonly Migration[], timezone: string, onRefused: (name: string, error: Error) => void,
): Promise<string[]> {
  const known = new Set((await db.rows<{ name: string }>('SELECT name FROM migrations')).map((row) => row.name));
  const embedded = await isEmbedded(db);
  const applied: string[] = [];
  for (const file of files) {
    if (known.has(file.name) || (embedded && isServerOnly(file))) continue;
    try {
      for (const statement of splitStatements(fill(file.sql, db.name, timezone))) await db.command(statement);
    } catch (error) {
      if (!isServerOnly(file) || !isDenied(error)) throw error;
      onRefused(file.name, error);
      continue;
    }
    await db.insert('migrations', [{ name: file.name, sha256: sha256(file.sql) }]);
    applied.push(file.name);
  }
  return applied;
}

/** Users and profiles exist on a server alone. */
const isServerOnly = (file: Migration): boolean => file.sql.startsWith('-- @only server');

/** The placeholders a file may hold; both values were checked, and neither can hold a quote. */
const fill = (sql: string, database: string, timezone: string): string =>
  sql.replaceAll('{timezone}', `'${timezone}'`).replaceAll('{database}', database);

const sha256 = (sql: string): string => createHash('sha256').update(sql).digest('hex');

/** The embedded engine has neither users nor an identity. */
async function isEmbedded(db: Database): Promise<boolean> {
  const [row] = await db.rows<{ server: string }>('SELECT toString(serverUUID()) AS server');
  return /^[0-]*$/.test(row!.server);
}

/** The value of a setting that is in force. */
export async function latest(db: Database, name: string): Promise<string | undefined> {
  const sql = 'SELECT value FROM archive_settings WHERE name = {name:String} ORDER BY since DESC LIMIT 1';
  return (await db.rows<{ value: string }>(sql, { name }))[0]?.value;
}

/** @throws MigrationError when the archives there begin their days at other moments. */
export async function refuseOtherTimezone(db: Database, timezone: string): Promise<void> {
  const before = await latest(db, 'timezone');
  if (before === undefined || before === timezone) return;
  throw new MigrationError(
    `The archives were made for the time zone ${before}, and ${timezone} is asked for now. Their days begin at other moments. ` +
      `Set VACANCY_TIMEZONE=${before} to go on, or run "vacancy rebuild --timezone ${timezone}" to recompute them.`,
  );
}

async function recordSettings(db: Database, settings: ArchiveSettings): Promise<void> {
  const values = { timezone: settings.timezone, retention: JSON.stringify(settings.retention), idle: JSON.stringify(settings.idle) };
  for (const [name, value] of Object.entries(values)) {
    if ((await latest(db, name)) === value) continue;
    await db.insert('archive_settings', [{ name, value }]);
  }
}

const KEPT: Record<keyof Retention, { tables: string[]; column: string }[]> = {
  raw_days: [{ tables: ['samples', 'rejected_samples'], column: 'received_ts' }],
  minute_days: [{ tables: ['servers_minute', 'gpus_minute', 'users_quarter'], column: 'bucket' }],
  hour_days: [{ tables: ['servers_hour', 'gpus_hour', 'users_hour'], column: 'bucket' }],
  day_days: [{ tables: ['servers_day', 'gpus_day', 'users_day'], column: 'bucket' }],
};

/** Sets each table's TTL where it is not yet what is wanted. */
async function applyRetention(db: Database, retention: Retention): Promise<void> {
  const tables = await db.rows<{ name: string; engine_full: string }>('SELECT name, engine_full FROM system.tables WHERE database = {db:String}', { db: db.name });
  const engines = new Map(tables.map((table) => [table.name, table.engine_full]));
  for (const [level, days] of Object.entries(retention) as [keyof Retention, number | null][]) {
    for (const { tables, column } of KEPT[level]) {
      for (const table of tables) await applyTtl(db, table, column, days, engines.get(table) ?? '');
    }
  }
}

/** A DateTime ends in 2106; what is to be kept beyond that would be gone at once. */
const LONGEST_TTL_DAYS = 25_000;

async function applyTtl(db: Database, table: string, column: string, days: number | null, engine: string): Promise<void> {
  const has = / TTL (.*?) SETTINGS /.exec(engine)?.[1];
  const wanted = days === null || days > LONGEST_TTL_DAYS ? undefined : `toDateTime(${column}) + toIntervalDay(${days})`;
  if (has === wanted) return;
  const change = wanted === undefined ? 'REMOVE TTL' : `MODIFY TTL ${wanted}`;
  await db.command(`ALTER TABLE ${table} ${change}`, undefined, { materialize_ttl_after_modify: 0 });
  if (has === undefined || wanted === undefined) return;
  // What is stored would go when it would have gone before. Only the moment is reckoned anew, no row is read again.
  await db.command(`ALTER TABLE ${table} MODIFY SETTING materialize_ttl_recalculate_only = 1`);
  await db.command(`ALTER TABLE ${table} MATERIALIZE TTL`);
}
