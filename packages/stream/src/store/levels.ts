import type { Database } from './client.js';

/** A table of the archives, and the materialized views that make its rows. */
export interface Level {
  readonly table: string;
  /** The column that says when: what ranges are about. */
  readonly column: 'bucket' | 'ts';
  readonly made: readonly Maker[];
  /** Days that it is kept for, as in the settings. */
  readonly kept: 'minute_days' | 'hour_days' | 'day_days' | null;
}

export interface Maker {
  readonly view: string;
  readonly source: string;
  /** The source's column with the time of the target's bucket; absent where the view itself makes it from arrays. */
  readonly column?: 'bucket' | 'ts';
}

const from = (view: string, source: string, column?: Maker['column']): Maker => ({ view, source, ...(column && { column }) });

/** In the order in which they can be made: each from tables before it. */
export const LEVELS: readonly Level[] = [
  { table: 'network_corrections', column: 'ts', kept: null, made: [from('network_corrections_mv', 'samples')] },
  { table: 'gpus_minute', column: 'bucket', kept: 'minute_days', made: [from('gpus_minute_mv', 'samples', 'ts')] },
  {
    table: 'servers_minute', column: 'bucket', kept: 'minute_days',
    made: [
      from('servers_minute_mv', 'samples', 'ts'),
      from('gpus_servers_minute_mv', 'gpus_minute', 'bucket'),
      from('network_corrections_minute_mv', 'network_corrections', 'ts'),
    ],
  },
  { table: 'users_quarter', column: 'bucket', kept: 'minute_days', made: [from('users_quarter_mv', 'samples', 'ts')] },
  { table: 'gpus_hour', column: 'bucket', kept: 'hour_days', made: [from('gpus_hour_mv', 'gpus_minute', 'bucket')] },
  { table: 'gpus_day', column: 'bucket', kept: 'day_days', made: [from('gpus_day_mv', 'gpus_minute', 'bucket')] },
  { table: 'servers_hour', column: 'bucket', kept: 'hour_days', made: [from('servers_hour_mv', 'servers_minute', 'bucket')] },
  { table: 'servers_day', column: 'bucket', kept: 'day_days', made: [from('servers_day_mv', 'servers_minute', 'bucket')] },
  { table: 'users_hour', column: 'bucket', kept: 'hour_days', made: [from('users_hour_mv', 'users_quarter', 'bucket')] },
  { table: 'users_day', column: 'bucket', kept: 'day_days', made: [from('users_day_mv', 'users_quarter', 'bucket')] },
];

/** A stretch of time, Unix seconds, `to` excluded; its ends are local midnights. */
export interface Days {
  readonly from: number;
  readonly to: number;
}

/**
 * The rows of a stretch, as SQL. A column in milliseconds must not be compared with whole seconds: the engine's index analysis takes
 * `ts < s` for `ts <= s - 1` and passes over blocks that hold only the last second before (ClickHouse 26.7, issue 113993).
 */
export function during(column: Level['column'] | '`corrections.ts`', { from, to }: Days): string {
  const at = (s: number): string => (column === 'bucket' ? `toDateTime(${s})` : `fromUnixTimestamp64Milli(${1000 * s})`);
  return `${column} >= ${at(from)} AND ${column} < ${at(to)}`;
}

/** The local days that hold the moments from `first` to `last` (Unix ms). */
export async function localDays(db: Database, timezone: string, first: number, last: number): Promise<Days[]> {
  return db.rows<Days>(
    `WITH fromUnixTimestamp64Milli({first:Int64}, {tz:String}) AS a, fromUnixTimestamp64Milli({last:Int64}, {tz:String}) AS b
     SELECT toUnixTimestamp(addDays(toStartOfDay(a), n)) AS "from", toUnixTimestamp(addDays(toStartOfDay(a), n + 1)) AS "to"
     FROM (SELECT a, arrayJoin(range(toUInt32(dateDiff('day', a, b, {tz:String}) + 1))) AS n)`.replace(
      /\{tz:String\}/g, `'${timezone}'`), // a time zone must be a constant of the query; the settings were checked
    { first, last },
  );
}

/**
 * Makes one level's rows of a stretch anew from the tables before it, by the very SELECTs of its materialized views.
 * They are made aside; when they are whole they get a name of their own, by which `cutOff` knows them, and are swapped in. So whenever it is cut off,
 * either the old rows are still there or the new ones are known. Nothing may be inserted into the stretch meanwhile.
 */
export async function remake(db: Database, level: Level, days: Days): Promise<void> {
  const aside = `${level.table}_remade`;
  await db.command(`DROP TABLE IF EXISTS ${aside} SYNC`);
  await db.command(`CREATE TABLE ${aside} AS ${level.table}`);
  const columns = await columnsOf(db, level.table);
  for (const maker of level.made) await fill(db, aside, level, maker, columns, days);
  await db.command((await isThere(db, whole(level, days))) ? `EXCHANGE TABLES ${aside} AND ${whole(level, days)}` : `RENAME TABLE ${aside} TO ${whole(level, days)}`);
  await swapIn(db, level, days);
  await db.command(`DROP TABLE IF EXISTS ${aside} SYNC`);
}

const whole = (level: Level, { from, to }: Days): string => `${level.table}_remade_${from}_${to}`;

async function isThere(db: Database, table: string): Promise<boolean> {
  const [row] = await db.rows<{ result: 0 | 1 }>(`EXISTS TABLE ${table}`);
  return row!.result === 1;
}

/** Puts rows that were made aside in the place of the old ones; may be repeated. ATTACH PARTITION runs no views, so the levels behind do not count them again. */
async function swapIn(db: Database, level: Level, days: Days): Promise<void> {
  if (!(await isThere(db, whole(level, days)))) throw new Error(`There is no ${whole(level, days)} any more: somebody else has put it in its place.`);
  await db.command(`DELETE FROM ${level.table} WHERE ${during(level.column, days)}`);
  await attachAll(db, whole(level, days), level.table);
  await db.command(`DROP TABLE ${whole(level, days)} SYNC`);
}

/** Drops what lies aside when the level has more of the stretch: then it was swapped in already, and samples have come since. */
export async function swapInWhereMissing(db: Database, level: Level, days: Days): Promise<void> {
  const num = level.table === 'network_corrections' ? 'corrections' : 'samples';
  const [sums] = await db.rows<{ aside: number; there: number }>(
    `SELECT (SELECT sum(${num}) FROM ${whole(level, days)}) AS aside, (SELECT sum(${num}) FROM ${level.table} WHERE ${during(level.column, days)}) AS there`,
  );
  if (sums!.there <= sums!.aside) await swapIn(db, level, days);
  else await db.command(`DROP TABLE ${whole(level, days)} SYNC`);
}

/** What was about to be swapped in when the service or the engine ended, in the order in which levels are made. */
export async function cutOff(db: Database): Promise<{ level: Level; days: Days }[]> {
  const tables = await db.rows<{ name: string }>("SELECT name FROM system.tables WHERE database = {db:String} AND match(name, '_remade_[0-9]+_[0-9]+$')", { db: db.name });
  return LEVELS.flatMap((level) =>
    tables.flatMap(({ name }) => {
      const [table, from, to] = name.split(/_remade_|_(?=\d+$)/);
      return table === level.table ? [{ level, days: { from: Number(from), to: Number(to) } }] : [];
    }));
}

async function fill(db: Database, aside: string, level: Level, maker: Maker, columns: ReadonlySet<string>, days: Days): Promise<void> {
  const [view] = await db.rows<{ as_select: string }>('SELECT as_select FROM system.tables WHERE database = {db:String} AND name = {view:String}', {
    db: db.name, view: maker.view,
  });
  const made = (await db.rows<{ name: string }>('SELECT name FROM system.columns WHERE database = {db:String} AND table = {view:String}', {
    db: db.name, view: maker.view,
  })).map(({ name }) => name).filter((name) => columns.has(name)).join(', ');
  for (const piece of await pieces(db, maker, days)) {
    // The source is narrowed by a filter beside the view's text, which stays as it is.
    const narrow = maker.column && `{'${db.name}.${maker.source}': '${during(maker.column, piece)}'}`;
    await db.command(
      `INSERT INTO ${aside} (${made}) SELECT ${made} FROM (${view!.as_select})
       WHERE ${during(level.column, days)}
       ${narrow ? `SETTINGS additional_table_filters = ${narrow}` : ''}`,
      {},
      // Two pieces may be alike: neither is a repetition.
      // A day of a large fleet has more states than a query may hold in memory: beyond this they go through the disk.
      { insert_deduplicate: 0, max_partitions_per_insert_block: '0', max_threads: 2, max_bytes_before_external_group_by: '200000000', max_block_size: '16384', min_insert_block_size_rows: '16384' },
    );
  }
}

/** What one statement takes some seconds for: one that says nothing for two minutes is given up. */
const ROWS_AT_ONCE = 5_000_000;

/** A stretch in equal pieces; rows that pieces share a bucket of are merged by the table. */
async function pieces(db: Database, { source, column }: Maker, { from, to }: Days): Promise<Days[]> {
  if (!column) return [{ from, to }];
  const [row] = await db.rows<{ n: number }>(`SELECT count() AS n FROM ${source} WHERE ${during(column, { from, to })}`);
  const num = Math.max(1, Math.ceil(row!.n / ROWS_AT_ONCE));
  const at = (i: number): number => from + Math.round(((to - from) * i) / num);
  return Array.from({ length: num }, (_, i) => ({ from: at(i), to: at(i + 1) }));
}

async function columnsOf(db: Database, table: string): Promise<Set<string>> {
  const rows = await db.rows<{ name: string }>('SELECT name FROM system.columns WHERE database = {db:String} AND table = {table:String}', { db: db.name, table });
  return new Set(rows.map(({ name }) => name));
}

/** Copies every partition of one table into another of the same form. */
export async function attachAll(db: Database, source: string, target: string): Promise<void> {
  const partitions = await db.rows<{ id: string }>('SELECT DISTINCT partition_id AS id FROM system.parts WHERE active AND database = {db:String} AND table = {source:String}', {
    db: db.name, source,
  });
  for (const { id } of partitions) await db.command(`ALTER TABLE ${target} ATTACH PARTITION ID '${id}' FROM ${source}`);
}
