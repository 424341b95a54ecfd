import { DAY, HOUR, type Millis } from '@vacancy/shared';
import type { Database } from './client.js';
import type { Days, Level } from './levels.js';
import type { ArchiveSettings, Retention } from './settings.js';

/** Since when nothing has been let go of what archives are made of. */
export interface Kept {
  readonly samples: Millis;
  readonly minutes: Millis;
}

/**
 * By all retentions that were ever in force: who keeps more from today on does not have again what went before, and what was stored while less was
 * kept may go when it would have gone then.
 */
export async function keptSince(db: Database, { retention }: ArchiveSettings, now: Millis): Promise<Kept> {
  const past = await db.rows<{ value: string; since: Millis }>(
    "SELECT value, toUnixTimestamp64Milli(since) AS since FROM archive_settings WHERE name = 'retention' ORDER BY archive_settings.since",
  );
  const all = past.map(({ value }, i) => ({ ...(JSON.parse(value) as Retention), until: past[i + 1]?.since ?? now }));
  const since = (level: 'raw_days' | 'minute_days'): Millis =>
    [...all, { ...retention, until: now }].reduce((latest, one) => Math.max(latest, one[level] === null ? -Infinity : Math.min(one.until, now - one[level] * DAY)), -Infinity);
  return { samples: since('raw_days'), minutes: since('minute_days') };
}

/** Clocks may be ahead by a minute, and to make a day anew takes minutes. */
const MARGIN_MS = HOUR;

/** Only while everything that the day's rows are made from is kept: a day whose samples have expired cannot be judged by them. */
export function canRemake(level: Level, day: Days, kept: Kept): boolean {
  const fromRaw = level.made.some(({ source }) => source === 'samples');
  return day.from * 1000 > (fromRaw ? kept.samples : kept.minutes) + MARGIN_MS;
}
