import { DAY, MINUTE, SECOND, systemClock, type Clock } from '@vacancy/shared';
import { isRetryable, type Database } from './client.js';
import { canRemake, keptSince } from './kept.js';
import { LEVELS, cutOff, localDays, remake, swapInWhereMissing } from './levels.js';
import type { ArchiveSettings } from './settings.js';
import type { Repair } from './verify.js';

export interface RebuildOptions {
  /** Tables of the archives; all when absent. */
  readonly tables?: readonly string[];
  /** Unix ms; what is kept when absent. Whole local days are made anew. */
  readonly from?: number;
  readonly to?: number;
}

export interface RebuildProgress {
  readonly done: number;
  readonly total: number;
  readonly table: string;
  /** Start of the local day, Unix seconds. */
  readonly day: number;
  /** Skipped: what its rows are made from is not kept any more, so they stay as they are. */
  readonly skipped: boolean;
}

/** An engine that was killed is back within seconds; what it left half done is finished before anything is stored. */
const PATIENCE_MS = 2 * MINUTE;

/** Makes archives anew from the samples and minutes that are still kept, level by level and day by day, each day alone. */
export async function rebuild(
  db: Database,
  settings: ArchiveSettings,
  { tables, from, to }: RebuildOptions,
  onProgress: (progress: RebuildProgress) => void,
  alone: <T>(task: () => Promise<T>) => Promise<T> = (task) => task(),
  clock: Clock = systemClock,
  /** Asked before every attempt; rejects when somebody else may be at work there by now. */
  permit: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const unknown = tables?.filter((name) => !LEVELS.some(({ table }) => table === name)) ?? [];
  if (unknown.length > 0) throw new RangeError(`There is no archive "${unknown[0]}". There are: ${LEVELS.map(({ table }) => table).join(', ')}.`);
  const levels = LEVELS.filter(({ table }) => !tables || tables.includes(table));
  const now = clock.now();
  const patiently = (task: () => Promise<unknown>) => alone(() => insist(task, clock, permit));
  await patiently(() => finishRebuild(db, settings, now));
  const span = await spanOf(db, now);
  const days = await localDays(db, settings.timezone, Math.max(from ?? span.first, span.first), Math.min(to ?? span.last, span.last));
  const total = levels.length * days.length;
  let done = 0;
  for (const level of levels) {
    const kept = await keptSince(db, settings, clock.now());
    for (const day of days) {
      const skipped = !canRemake(level, day, kept);
      if (!skipped) await patiently(() => remake(db, level, day));
      onProgress({ done: ++done, total, table: level.table, day: day.from, skipped });
    }
  }
}

async function insist(task: () => Promise<unknown>, clock: Clock, permit: () => Promise<void>): Promise<void> {
  for (const end = clock.now() + PATIENCE_MS; ; ) {
    await permit();
    try {
      await task();
      return;
    } catch (error) {
      if (!isRetryable(error) || clock.now() > end) throw error;
      await new Promise<void>((resolve) => clock.setTimer(SECOND, resolve));
    }
  }
}

/**
 * Finishes what was about to be swapped in when the service or the engine was killed: the old rows may be out of the archive already.
 * Samples may have come since, so it is made anew once more where that can be; where not, what was made is put back if it is missing.
 */
export async function finishRebuild(db: Database, settings: ArchiveSettings, now: number): Promise<Repair[]> {
  const all = await cutOff(db);
  if (all.length === 0) return [];
  const kept = await keptSince(db, settings, now);
  for (const { level, days } of all) await (canRemake(level, days, kept) ? remake : swapInWhereMissing)(db, level, days);
  return all.map(({ level, days }) => ({ table: level.table, day: days.from }));
}

async function spanOf(db: Database, now: number): Promise<{ first: number; last: number }> {
  const ends = (column: string, table: string): string => `SELECT toUnixTimestamp(min(${column})) AS first, toUnixTimestamp(max(${column})) AS last FROM ${table} HAVING count() > 0`;
  const found = await db.rows<{ first: number; last: number }>(
    [ends('ts', 'samples'), ends('bucket', 'servers_minute'), ends('bucket', 'gpus_minute'), ends('bucket', 'users_quarter')].join(' UNION ALL '),
  );
  return {
    first: Math.min(now - DAY, ...found.map(({ first }) => 1000 * first)),
    last: Math.max(now, ...found.map(({ last }) => 1000 * last)),
  };
}
