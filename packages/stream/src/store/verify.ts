import type { Database } from './client.js';
import type { Batch } from './journal.js';
import { canRemake, keptSince, type Kept } from './kept.js';
import { LEVELS, during, localDays, remake, type Days, type Level } from './levels.js';
import type { ArchiveSettings } from './settings.js';

/** What was wrong and has been put right: tables by name, with the local day (Unix seconds) or 0 for the raw table. */
export interface Repair {
  readonly table: string;
  readonly day: number;
}

/**
 * Checks, after an unclean stop and with its batch sent again, that the batch is in the raw table and in every archive, and
 * mends what is not.
 *
 * Why it can be missing: the engine writes "this token is stored" before it makes the block visible. Killed exactly between
 * the two, it drops every retry of a block that never came to be, in any one table of the chain. So each table's
 * count is compared with the table that it is made from.
 */
export async function verifyBatch(db: Database, batch: Batch, settings: ArchiveSettings, now: number): Promise<Repair[]> {
  const repairs: Repair[] = [];
  if (batch.rejected > 0) repairs.push(...(await mendTable(db, 'rejected_samples', batch.rejections, `stream = {stream:String} AND stream_seq BETWEEN {from:UInt64} AND {to:UInt64}`, batch)));
  if (!batch.span) return repairs;
  repairs.push(...(await mendTable(db, 'samples', batch.samples, `stream = {stream:String} AND batch = {to:UInt64}`, batch)));
  const kept = await keptSince(db, settings, now);
  for (const day of await localDays(db, settings.timezone, ...batch.span)) repairs.push(...(await mendDay(db, day, kept)));
  return repairs;
}

/** A batch spans partitions, and each of its blocks is there or not: those that are not are attached. */
async function mendTable(db: Database, table: string, block: Uint8Array, isOfBatch: string, batch: Batch): Promise<Repair[]> {
  const aside = `${table}_again`;
  await db.command(`DROP TABLE IF EXISTS ${aside} SYNC`);
  await db.command(`CREATE TABLE ${aside} AS ${table}`);
  try {
    await db.insertBlock(aside, block);
    const count = (name: string) =>
      db.rows<{ id: string; rows: number }>(`SELECT _partition_id AS id, count() AS rows FROM ${name} WHERE ${isOfBatch} GROUP BY id`, {
        stream: batch.stream, from: batch.from, to: batch.to,
      });
    const there = new Map((await count(table)).map(({ id, rows }) => [id, rows]));
    const lost = (await count(aside)).filter(({ id }) => !there.has(id));
    for (const { id } of lost) await db.command(`ALTER TABLE ${table} ATTACH PARTITION ID '${id}' FROM ${aside}`);
    return lost.map(() => ({ table, day: 0 }));
  } finally {
    await db.command(`DROP TABLE ${aside} SYNC`);
  }
}

/** Level by level in the order in which they are made, so that what is mended first is right for the next. */
async function mendDay(db: Database, day: Days, kept: Kept): Promise<Repair[]> {
  const repairs: Repair[] = [];
  for (const level of LEVELS) {
    if (!canRemake(level, day, kept) || (await agrees(db, level, day))) continue;
    await remake(db, level, day);
    repairs.push({ table: level.table, day: day.from });
  }
  return repairs;
}

const NETWORK = 'sum(network_up_bytes) AS up, sum(network_down_bytes) AS down';
const SERVERS = 'sum(samples) AS n, sum(gpu_samples) AS cards, sum(network_up_total) AS up, sum(network_down_total) AS down';

/** Sums that a level and its sources must have in common, exactly: whole numbers all. A batch is checked before migrations: only columns that there were at first. */
const SUMS: Readonly<Record<string, { readonly made: string; readonly source: string }>> = {
  network_corrections: {
    made: `SELECT sum(corrections) AS n, ${NETWORK} FROM network_corrections WHERE {in_ts}`,
    source: 'SELECT count() AS n, sum(`corrections.network_up_bytes`) AS up, sum(`corrections.network_down_bytes`) AS down FROM samples ARRAY JOIN `corrections.ts`, `corrections.network_up_bytes`, `corrections.network_down_bytes` WHERE {in_corrections}',
  },
  gpus_minute: {
    made: 'SELECT sum(samples) AS n FROM gpus_minute WHERE {in_bucket}',
    source: 'SELECT sum(length(`gpus.id`)) AS n FROM samples WHERE {in_ts}',
  },
  servers_minute: {
    made: `SELECT ${SERVERS} FROM servers_minute WHERE {in_bucket}`,
    source: `SELECT n, (SELECT sum(samples) FROM gpus_minute WHERE {in_bucket}) AS cards,
             own.up + late.up AS up, own.down + late.down AS down
             FROM (SELECT count() AS n, ${NETWORK} FROM samples WHERE {in_ts}) AS own, (SELECT ${NETWORK} FROM network_corrections WHERE {in_ts}) AS late`,
  },
  users_quarter: {
    made: 'SELECT sum(samples) AS n, sum(fair_ms) AS fair FROM users_quarter WHERE {in_bucket}',
    source: 'SELECT sum(arrayCount(x -> x > 0, `processes.held_ms`)) AS n, sum(arraySum(`processes.fair_ms`)) AS fair FROM samples WHERE {in_ts}',
  },
  ...cascade('gpus', 'minute', 'sum(samples) AS n'),
  ...cascade('servers', 'minute', SERVERS),
  ...cascade('users', 'quarter', 'sum(samples) AS n, sum(fair_ms) AS fair'),
};

function cascade(of: string, source: string, sums: string) {
  const select = (level: string) => `SELECT ${sums} FROM ${of}_${level} WHERE {in_bucket}`;
  return { [`${of}_hour`]: { made: select('hour'), source: select(source) }, [`${of}_day`]: { made: select('day'), source: select(source) } };
}

const within = (sql: string, day: Days): string =>
  sql
    .replaceAll('{in_bucket}', during('bucket', day))
    .replaceAll('{in_ts}', during('ts', day))
    .replaceAll('{in_corrections}', during('`corrections.ts`', day));

async function agrees(db: Database, level: Level, day: Days): Promise<boolean> {
  const { made, source } = SUMS[level.table]!;
  const [is] = await db.rows<Record<string, number>>(within(made, day));
  const [should] = await db.rows<Record<string, number>>(within(source, day));
  return JSON.stringify(is) === JSON.stringify(should);
}

