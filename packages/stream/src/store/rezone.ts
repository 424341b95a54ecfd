import { SECOND, systemClock, type Clock } from '@vacancy/shared';
import type { Database } from './client.js';
import { LEVELS } from './levels.js';
import { MigrationError, latest, migrate } from './migrate.js';
import { finishRebuild, rebuild, type RebuildProgress } from './rebuild.js';
import { checkSettings, type ArchiveSettings } from './settings.js';

/** The files whose tables and views begin their buckets at local times. */
const LOCAL_FILES = ['002_servers.sql', '003_gpus.sql', '004_users.sql', '005_archive_views.sql', '009_network_known_time.sql'];

/**
 * Moves the archives to the time zone of `settings`: hours and days are made anew from the minutes that are kept. What is older
 * than those cannot be cut at other midnights: the tables of before stay beside the new ones as `<name>_before_<Unix seconds of the move>`.
 * Nothing may be stored meanwhile, and nothing is before it has come to its end: cut short, it goes on when it is called again.
 */
export async function changeTimezone(
  db: Database, settings: ArchiveSettings, onProgress: (progress: RebuildProgress) => void = () => {}, clock: Clock = systemClock,
): Promise<void> {
  checkSettings(settings);
  const local = LEVELS.filter(({ kept }) => kept === 'hour_days' || kept === 'day_days').map(({ table }) => table);
  await finishRebuild(db, settings, clock.now());
  const move: Move = { to: settings.timezone, since: (await underWay(db))?.since ?? Math.floor(clock.now() / SECOND) };
  await db.insert('archive_settings', [{ name: 'moving', value: JSON.stringify(move) }]);
  await dropViews(db, local);
  for (const table of local) await setAside(db, table, `${table}_before_${move.since}`);
  await db.command('DELETE FROM migrations WHERE name IN {names:Array(String)}', { names: LOCAL_FILES });
  await db.insert('archive_settings', [{ name: 'timezone', value: settings.timezone }]);
  await migrate(db, settings);
  await rebuild(db, settings, { tables: local }, onProgress, undefined, clock);
  await db.insert('archive_settings', [{ name: 'moving', value: '' }]);
}

interface Move {
  readonly to: string;
  /** Unix seconds at which it was begun. */
  readonly since: number;
}

async function underWay(db: Database): Promise<Move | undefined> {
  const value = await latest(db, 'moving');
  return value ? (JSON.parse(value) as Move) : undefined;
}

/** @throws MigrationError while a move has begun and not ended: tables or views may be missing. */
export async function refuseHalfMoved(db: Database): Promise<void> {
  const move = await underWay(db);
  if (move) throw new MigrationError(`Moving the archives to the time zone ${move.to} was cut off. Run "vacancy rebuild --timezone ${move.to}" again: it goes on where it was.`);
}

async function dropViews(db: Database, local: readonly string[]): Promise<void> {
  const views = await db.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = {db:String}
     AND (match(name, '^(servers|gpus|users)_by_') OR name IN {made:Array(String)}) AND engine IN ('View', 'MaterializedView')`,
    { db: db.name, made: local.map((table) => `${table}_mv`) },
  );
  for (const { name } of views) await db.command(`DROP VIEW ${name} SYNC`);
}

/** Only what was there before the first try of a move is worth keeping. */
async function setAside(db: Database, table: string, before: string): Promise<void> {
  const there = await db.rows<{ name: string }>('SELECT name FROM system.tables WHERE database = {db:String} AND name IN ({table:String}, {before:String})', {
    db: db.name, table, before,
  });
  const names = new Set(there.map(({ name }) => name));
  if (!names.has(table)) return;
  await db.command(names.has(before) ? `DROP TABLE ${table} SYNC` : `RENAME TABLE ${table} TO ${before}`);
}
