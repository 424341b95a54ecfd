import { DateTime } from 'luxon';
import { DEFAULT_IDLE, GIB, type BusyTime, type IdleThresholds, type Period } from '@vacancy/shared';
import type { Lang } from '../../deliver/lang.js';
import { WORDS } from './words.js';

/** What stands where a figure is not known. */
export const UNKNOWN = '–';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Three digits that matter and a binary unit: 1.23 TiB. */
export function bytes(value: number | null): string {
  if (value === null) return UNKNOWN;
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)));
  const scaled = value / 1024 ** power;
  return `${power === 0 ? value : scaled.toFixed(Math.abs(scaled) < 10 ? 2 : Math.abs(scaled) < 100 ? 1 : 0)} ${UNITS[power]!}`;
}

export const percent = (value: number | null, digits = 1): string => (value === null ? UNKNOWN : `${value.toFixed(digits)}%`);
/** Never rounds something missing up to everything, nor something that is there down to nothing. */
export function share(value: number | null, digits = 1): string {
  if (value === null || value <= 0 || value >= 1) return percent(value === null ? null : Math.min(100, Math.max(0, 100 * value)), digits);
  const least = 10 ** -digits;
  return 100 * value < least / 2 ? `< ${percent(least, digits)}` : percent(Math.min(100 * value, 100 - least), digits);
}
export const hours = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
export const count = (value: number | null): string => (value === null ? UNKNOWN : String(value));

/** 2026-11-20, or the first and the last day. `end` is the day after. */
export function dates(start: string, end: string): string {
  const last = DateTime.fromISO(end, { zone: 'utc' }).minus({ days: 1 }).toISODate()!;
  return last === start ? start : `${start} – ${last}`;
}

export const moment = (ts: number, timezone: string): string => DateTime.fromMillis(ts, { zone: timezone }).toFormat('yyyy-MM-dd HH:mm');

/** The thresholds of an idle card as people say them: 8 GiB, 10%. */
export const idleTerms = ({ free_bytes, used_share }: IdleThresholds = DEFAULT_IDLE): { size: string; part: string } => ({
  size: Number.isInteger(free_bytes / GIB) ? `${free_bytes / GIB} GiB` : bytes(free_bytes),
  part: `${Number((100 * used_share).toPrecision(3))}%`,
});

/** A change with its sign; null where one of the two is not known or nothing was there before. */
export function changeOf(before: number | null, after: number | null, kind: 'points' | 'ratio', lang: Lang): string | null {
  if (before === null || after === null || (kind === 'ratio' && before === 0)) return null;
  const change = kind === 'points' ? after - before : (100 * (after - before)) / Math.abs(before);
  const amount = Math.abs(change).toFixed(1);
  const sign = Number(amount) === 0 ? '±' : change > 0 ? '+' : '−';
  return kind === 'points' ? WORDS[lang].points(`${sign}${amount}`) : `${sign}${amount}%`;
}

/** 1 is Monday. */
export const dayOf = (weekday: number, lang: Lang): string => WORDS[lang].weekdays[weekday - 1]!;

/** A full hour of the day. */
export const clock = (value: number): string => `${String(value).padStart(2, '0')}:00`;

/** The busiest bucket as people say it, and what else the period says of its busiest times. */
export function busyTime(busy: BusyTime | null, period: Period, lang: Lang): { when: string; also: string | null } {
  const { hour_of_day, busiest_weekday } = WORDS[lang];
  const at = busy?.hour === undefined ? UNKNOWN : `${clock(busy.hour)}–${clock((busy.hour + 1) % 24)}`;
  if (!busy || period === 'day') return { when: at, also: null };
  if (period === 'year') return { when: busy.month ?? UNKNOWN, also: null };
  if (period === 'month') return { when: busy.date ?? UNKNOWN, also: busy.hour === undefined ? null : `${hour_of_day} ${at}` };
  const day = busy.busiest_weekday;
  return { when: `${dayOf(busy.weekday ?? 1, lang)} ${at}`, also: day ? `${busiest_weekday} ${dayOf(day.weekday, lang)}` : null };
}
