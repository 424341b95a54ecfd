import { DAY, systemClock, type Clock } from '@vacancy/shared';
import type { Database } from './client.js';
import { LEVELS, cutOff, localDays, remake } from './levels.js';
import type { ArchiveSettings } from './settings.js';
import { canRemake, type Repair } from './verify.js';

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

/** Makes archives anew from the samples and minutes that are still kept, level by level and day by day, each day alone. */
export async function rebuild(
  db: Database,
  settings: ArchiveSettings,
  { tables, from, to }: RebuildOptions,
  onProgress: (progress: RebuildProgress) => void,
  alone: <T>(task: () => Promise<T>) => Promise<T> = (task) => task(),
  clock: Clock = systemClock,
): Promise<void> {
  const unknown = tables?.filter((name) => !LEVELS.some(({ table }) => table === name)) ?? [];
  if (unknown.length > 0) throw new RangeError(`There is no archive "${unknown[0]}". There are: ${LEVELS.map(({ table }) => table).join(', ')}.`);
  const levels = LEVELS.filter(({ table }) => !tables || tables.includes(table));
  const now = clock.now();
  const span = await spanOf(db, now);
  const days = await localDays(db, settings.timezone, Math.max(from ?? span.first, span.first), Math.min(to ?? span.last, span.last));
  const total = levels.length * days.length;
  let done = 0;
  for (const level of levels) {
    for (const day of days) {
      const skipped = !canRemake(level, day, settings, now);
      if (!skipped) await alone(() => remake(db, level, day));
      onProgress({ done: ++done, total, table: level.table, day: day.from, skipped });
    }
  }
}

/**
 * Finishes what was being made anew when the service or the engine was killed: its rows may be out of the archive already.
 * @returns what was finished, and what stays as it is because what it is made of is not kept any more; the table aside then has its rows.
 */
export async function finishRebuild(db: Database, settings: ArchiveSettings, now: number): Promise<{ finished: Repair[]; left: Repair[] }> {
  const all: { finished: Repair[]; left: Repair[] } = { finished: [], left: [] };
  for (const { level, days } of await cutOff(db)) {
    const can = canRemake(level, days, settings, now);
    if (can) await remake(db, level, days);
    all[can ? 'finished' : 'left'].push({ table: level.table, day: days.from });
  }
  return all;
}

async function spanOf(db: Database, now: number): Promise<{ first: number; last: number }> {
  const [row] = await db.rows<{ first: number; last: number }>(
    `SELECT toUnixTimestamp(min(bucket)) * 1000 AS first, toUnixTimestamp(max(bucket)) * 1000 AS last FROM servers_minute`,
  );
  return { first: row?.first || now - DAY, last: Math.max(row?.last ?? 0, now) };
}
