import type { Period, ReportListItem } from '@vacancy/shared';

/** A local date without a time zone, yyyy-MM-dd. Calculations go through UTC, where every day has 24 hours. */
export type LocalDate = string;

const DAY_MS = 86_400_000;

export const isDate = (text: string): text is LocalDate => /^\d{4}-\d{2}-\d{2}$/.test(text) && toDate(utc(text)) === text;
export const utc = (date: LocalDate): number => Date.parse(`${date}T00:00:00Z`);
const toDate = (ms: number): LocalDate => (Number.isNaN(ms) ? '' : new Date(ms).toISOString().slice(0, 10));

export const addDays = (date: LocalDate, days: number): LocalDate => toDate(utc(date) + days * DAY_MS);
const addMonths = (date: LocalDate, months: number): LocalDate => {
  const day = new Date(utc(date));
  return toDate(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1));
};
/** 1 = Monday. */
const weekday = (date: LocalDate): number => new Date(utc(date)).getUTCDay() || 7;

/** The first day of the period that holds `date`. */
export function startOf(period: Period, date: LocalDate): LocalDate {
  if (period === 'day') return date;
  if (period === 'week') return addDays(date, 1 - weekday(date));
  return period === 'month' ? `${date.slice(0, 7)}-01` : `${date.slice(0, 4)}-01-01`;
}

/** The first day of the period `count` after the one that begins on `start`. */
export function step(period: Period, start: LocalDate, count: number): LocalDate {
  if (period === 'day') return addDays(start, count);
  if (period === 'week') return addDays(start, 7 * count);
  return addMonths(start, period === 'month' ? count : 12 * count);
}

/** ISO 8601: the week belongs to the year of its Thursday. */
export function isoWeek(start: LocalDate): { year: number; week: number } {
  const thursday = addDays(startOf('week', start), 3);
  const year = Number(thursday.slice(0, 4));
  return { year, week: 1 + Math.floor((utc(thursday) - Date.UTC(year, 0, 1)) / (7 * DAY_MS)) };
}

const PARENT: Partial<Record<Period, Period>> = { day: 'month', week: 'month', month: 'year' };
const CHILD: Partial<Record<Period, Period>> = { year: 'month', month: 'day', week: 'day' };

/** The report one step further out; a week lies in the month of its Thursday. */
export function parentOf(period: Period, start: LocalDate): { period: Period; start: LocalDate } | null {
  const parent = PARENT[period];
  return parent ? { period: parent, start: startOf(parent, period === 'week' ? addDays(start, 3) : start) } : null;
}

/** The reports one step further in. */
export function childrenOf(period: Period, start: LocalDate): { period: Period; start: LocalDate }[] {
  const child = CHILD[period];
  if (!child) return [];
  const end = step(period, start, 1);
  const found: { period: Period; start: LocalDate }[] = [];
  for (let at = startOf(child, start); at < end; at = step(child, at, 1)) found.push({ period: child, start: at });
  return found;
}

/** How much of the calendar is shown at once: days of a month, weeks and months of a year, all years. */
export const PAGE_OF: Record<Period, Period | null> = { day: 'month', week: 'year', month: 'year', year: null };

export interface Cell {
  start: LocalDate;
  /** Belongs to the page, not only to its first or last row. */
  inside: boolean;
  /** `made`: kept. `open`: not over yet. `past`: can be made. `before`: before the archives begin. `future`: has not begun. */
  state: 'made' | 'open' | 'past' | 'before' | 'future';
  item: ReportListItem | null;
}

/**
 * The periods of the page that holds `at`.
 * @param today local date where the reports are made
 * @param since the archives' first one
 */
export function cellsOf(period: Period, at: LocalDate, today: LocalDate, items: readonly ReportListItem[], since: LocalDate | null = null): Cell[] {
  const made = new Map(items.map((item) => [item.start, item]));
  const page = PAGE_OF[period];
  const first = page ? startOf(page, at) : step('year', startOf('year', today), -5);
  const end = page ? step(page, first, 1) : step('year', startOf('year', today), 1);
  const until = period === 'day' ? addDays(end, (8 - weekday(end)) % 7) : end;
  const cells: Cell[] = [];
  for (let start = startOf(period === 'day' ? 'week' : period, first); start < until; start = step(period, start, 1)) {
    const item = made.get(start) ?? null;
    const state = item ? 'made' : stateOf(start, step(period, start, 1), today, since);
    const inside = period === 'week' ? isoWeek(start).year === Number(first.slice(0, 4)) : start >= first && start < end;
    // Only days stand in rows of their own that must be whole.
    if ((!inside || state === 'before') && period !== 'day') continue;
    cells.push({ start, inside, item, state });
  }
  return cells;
}

function stateOf(start: LocalDate, end: LocalDate, today: LocalDate, since: LocalDate | null): Cell['state'] {
  if (start > today) return 'future';
  if (end > today) return 'open';
  return since !== null && end <= since ? 'before' : 'past';
}

/** Today's date where `timezone` is the local time; the reader's own without one. */
export const todayIn = (now: number, timezone?: string): LocalDate => new Intl.DateTimeFormat('en-CA', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);

/** When a local day begins, Unix ms. */
export function dayStart(date: LocalDate, timezone: string): number {
  const guess = utc(date);
  const first = guess - offsetAt(guess, timezone);
  // The offset of the guess may be the one from before a clock change.
  return guess - offsetAt(first, timezone);
}

/** Where a report's charts have their marks, Unix ms: every four hours, midnights, or first days, as they are in its zone and not the reader's. */
export function ticksOf(period: Period, start: LocalDate, timezone: string): number[] {
  const end = step(period, start, 1);
  const begin = dayStart(start, timezone);
  if (period === 'day') return [0, 4, 8, 12, 16, 20].map((hour) => begin + hour * 3_600_000);
  const ticks: number[] = [];
  for (let at = start; at < end; at = TICK_STEP[period](at)) ticks.push(dayStart(at, timezone));
  return ticks;
}

const TICK_STEP: Record<Exclude<Period, 'day'>, (at: LocalDate) => LocalDate> = {
  week: (at) => addDays(at, 1),
  month: (at) => addDays(at, 3),
  year: (at) => step('month', at, 1),
};

function offsetAt(ts: number, timezone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' }).formatToParts(ts);
  const match = /([+-])(\d\d):(\d\d)/.exec(parts.find((part) => part.type === 'timeZoneName')?.value ?? '');
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000 : 0;
}
