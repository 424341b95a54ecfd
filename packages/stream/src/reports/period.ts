import { DateTime } from 'luxon';
import { err, ok, type Period, type Result } from '@vacancy/shared';

/** One calendar period in a time zone: `from` inclusive, `to` exclusive, Unix ms. */
export interface Span {
  readonly period: Period;
  readonly timezone: string;
  /** Local date of the first day, yyyy-MM-dd: the period's name. */
  readonly start: string;
  /** Local date after the last day. */
  readonly end: string;
  readonly from: number;
  readonly to: number;
}

/** A level of the archives that a period is charted by. */
export type Step = 'minute' | 'hour' | 'day' | 'month';

/** Finer than the period itself. */
export const BUCKET_OF: Readonly<Record<Period, Step>> = { day: 'minute', week: 'hour', month: 'day', year: 'month' };

/** luxon's weeks are ISO weeks: they begin on Monday. `startOf` asks the calendar, so days of 23 and 25 hours and days that begin at 01:00 are right. */
export function spanAt(period: Period, ts: number, timezone: string): Span {
  return spanFrom(period, DateTime.fromMillis(ts, { zone: timezone }).startOf(period));
}

function spanFrom(period: Period, first: DateTime): Span {
  // From noon: a day later than a midnight that the clocks skip or repeat may be the same day.
  const next = first.set({ hour: 12 }).plus({ [period]: 1 }).startOf(period);
  return {
    period,
    timezone: first.zoneName!,
    start: first.toISODate()!,
    end: next.toISODate()!,
    from: first.toMillis(),
    to: next.toMillis(),
  };
}

export const nextSpan = (span: Span): Span => spanAt(span.period, span.to, span.timezone);

export const previousSpan = (span: Span): Span => spanAt(span.period, span.from - 1, span.timezone);

const SHAPES: Record<Period, readonly [RegExp, string][]> = {
  day: [],
  week: [[/^\d{4}-W\d{2}$/, "kkkk-'W'WW"]],
  month: [[/^\d{4}-\d{2}$/, 'yyyy-MM']],
  year: [[/^\d{4}$/, 'yyyy']],
};

/**
 * Reads the name of a period: the local date of its first day, or 2026-W47, 2026-11, 2026 where they name one.
 * The error is a sentence that says what would be right.
 */
export function parseStart(period: Period, text: string, timezone: string): Result<Span, string> {
  const shape = [[/^\d{4}-\d{2}-\d{2}$/, 'yyyy-MM-dd'] as const, ...SHAPES[period]].find(([pattern]) => pattern.test(text));
  const date = shape && DateTime.fromFormat(text, shape[1], { zone: timezone });
  if (!date?.isValid || date.year < 2000 || date.year > 2100) {
    return err(`"${text.slice(0, 20)}" does not name a ${period}: use the date of its first day, such as ${EXAMPLES[period]}`);
  }
  const span = spanAt(period, date.set({ hour: 12 }).toMillis(), timezone);
  const named = date.toISODate()!;
  return named === span.start ? ok(span) : err(`The ${period} that holds ${named} begins on ${span.start}`);
}

const EXAMPLES: Record<Period, string> = { day: '2026-11-20', week: '2026-11-16', month: '2026-11-01', year: '2026-01-01' };

/** Starts of the buckets that chart a period, up to `until`, Unix ms. */
export function buckets(span: Span, until = span.to, unit = BUCKET_OF[span.period]): number[] {
  const starts: number[] = [];
  for (let ts = span.from; ts < Math.min(span.to, until); ts = bucketEnd(ts, unit, span.timezone)) starts.push(ts);
  return starts;
}

/** Where the bucket that begins at `ts` ends. Minutes and hours are steps of time, days and months steps of the calendar. */
export function bucketEnd(ts: number, unit: Step, timezone: string): number {
  if (unit === 'minute') return ts + 60_000;
  const start = DateTime.fromMillis(ts, { zone: timezone });
  if (unit === 'hour') return start.plus({ hours: 1 }).startOf('hour').toMillis();
  return start.set({ hour: 12 }).plus({ [unit]: 1 }).startOf(unit).toMillis();
}

/**
 * The newest `count` closed periods of a kind, newest first, none of which ended before `since`.
 * @param since no report is made of a time before the archives begin
 */
export function closedSpans(period: Period, now: number, timezone: string, count: number, since: number): Span[] {
  const spans: Span[] = [];
  let span = previousSpan(spanAt(period, now, timezone));
  while (spans.length < count && span.to > since) {
    spans.push(span);
    span = previousSpan(span);
  }
  return spans;
}
