import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { HOUR, PERIODS, type Period } from '@vacancy/shared';
import { buckets, closedSpans, nextSpan, parseStart, previousSpan, spanAt, type Span } from './period.js';

const at = (text: string): number => Date.parse(text);
const named = (period: Period, start: string, timezone: string): Span => {
  const span = parseStart(period, start, timezone);
  if (!span.ok) throw new Error(span.error);
  return span.value;
};

describe('a period', () => {
  it.each([
    ['day', '2026-11-20', 'Asia/Shanghai', '2026-11-19T16:00Z', '2026-11-20T16:00Z'],
    ['day', '2026-11-20', 'Asia/Kolkata', '2026-11-19T18:30Z', '2026-11-20T18:30Z'],
    ['day', '2026-11-20', 'Asia/Kathmandu', '2026-11-19T18:15Z', '2026-11-20T18:15Z'],
    ['day', '2026-03-08', 'America/New_York', '2026-03-08T05:00Z', '2026-03-09T04:00Z'],
    ['day', '2026-11-01', 'America/New_York', '2026-11-01T04:00Z', '2026-11-02T05:00Z'],
    // The clocks change at midnight: the day begins at 01:00.
    ['day', '2022-03-27', 'Asia/Beirut', '2022-03-26T22:00Z', '2022-03-27T21:00Z'],
    ['week', '2026-03-02', 'America/New_York', '2026-03-02T05:00Z', '2026-03-09T04:00Z'],
    ['month', '2024-02-01', 'UTC', '2024-02-01T00:00Z', '2024-03-01T00:00Z'],
    ['month', '2026-11-01', 'America/New_York', '2026-11-01T04:00Z', '2026-12-01T05:00Z'],
    ['year', '2024-01-01', 'UTC', '2024-01-01T00:00Z', '2025-01-01T00:00Z'],
  ] as const)('%s %s in %s begins and ends with the local calendar', (period, start, zone, from, to) => {
    const span = named(period, start, zone);
    expect([span.from, span.to]).toEqual([at(from), at(to)]);
  });

  it.each([
    [2026, 365 * 24], [2028, 366 * 24],
  ])('year %i has %i hours', (year, hours) => {
    const span = named('year', String(year), 'Asia/Shanghai');
    expect((span.to - span.from) / HOUR).toBe(hours);
  });

  it.each([['2026-02', 28], ['2028-02', 29], ['2026-04', 30], ['2026-12', 31]])('month %s has %i days to chart', (month, days) => {
    expect(buckets(named('month', month, 'America/New_York'))).toHaveLength(days);
  });

  it('of week 53 lies in two years', () => {
    expect(named('week', '2026-W53', 'UTC')).toMatchObject({ start: '2026-12-28', end: '2027-01-04' });
    expect(parseStart('week', '2027-W53', 'UTC').ok).toBe(false);
  });

  it.each([
    ['week', '2026-11-18', 'The week that holds 2026-11-18 begins on 2026-11-16'],
    ['month', '2026-11-02', 'The month that holds 2026-11-02 begins on 2026-11-01'],
    ['day', '2026-02-30', 'does not name a day'],
    ['day', '2026-11', 'does not name a day'],
    ['year', '0001', 'does not name a year'],
    ['day', "2026-11-20'; DROP", 'does not name a day'],
  ] as const)('is not named by %s %s', (period, text, says) => {
    const span = parseStart(period, text, 'UTC');
    expect(span.ok ? '' : span.error).toContain(says);
  });

  it('meets its neighbours without a gap, in every zone and at every time', () => {
    const zones = ['UTC', 'Asia/Shanghai', 'America/New_York', 'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Beirut', 'Africa/Cairo', 'America/Santiago', 'Australia/Lord_Howe', 'Pacific/Apia'];
    fc.assert(
      fc.property(fc.constantFrom(...PERIODS), fc.integer({ min: at('2008-01-01'), max: at('2030-01-01') }), fc.constantFrom(...zones), (period, ts, zone) => {
        const span = spanAt(period, ts, zone);
        expect(ts).toBeGreaterThanOrEqual(span.from);
        expect(ts).toBeLessThan(span.to);
        expect(previousSpan(span).to).toBe(span.from);
        expect(nextSpan(span).from).toBe(span.to);
        expect(nextSpan(span).start).toBe(span.end);
        expect(named(period, span.start, zone)).toEqual(span);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the chart of a period', () => {
  it.each([
    ['day', '2026-03-08', 23 * 60], ['day', '2026-11-01', 25 * 60], ['day', '2026-07-01', 24 * 60],
    ['week', '2026-03-02', 167], ['week', '2026-10-26', 169], ['year', '2026', 12],
  ] as const)('of %s %s in New York has %i points', (period, start, points) => {
    const starts = buckets(named(period, start, 'America/New_York'));
    expect(starts).toHaveLength(points);
    expect(new Set(starts).size).toBe(points);
  });

  it('begins each bucket where the archives begin theirs', () => {
    const days = buckets(named('month', '2026-03', 'America/New_York')).map((ts) => DateTime.fromMillis(ts, { zone: 'America/New_York' }));
    expect(days.every((day) => day.hour === 0)).toBe(true);
    const hours = buckets(named('week', '2026-11-16', 'Asia/Kolkata')).map((ts) => DateTime.fromMillis(ts, { zone: 'Asia/Kolkata' }));
    expect(hours.every((hour) => hour.minute === 0)).toBe(true);
  });

  it('of an open period ends now', () => {
    expect(buckets(named('day', '2026-11-20', 'UTC'), at('2026-11-20T02:00:30Z'))).toHaveLength(121);
  });
});

describe('closed periods', () => {
  it('come newest first, at most as many as asked, none from before the data', () => {
    const now = at('2026-11-22T12:00Z');
    const starts = (count: number, since: string) => closedSpans('day', now, 'UTC', count, at(since)).map((span) => span.start);
    expect(starts(2, '2026-01-01')).toEqual(['2026-11-21', '2026-11-20']);
    expect(starts(62, '2026-11-20T23:00Z')).toEqual(['2026-11-21', '2026-11-20']);
    expect(starts(62, '2026-11-22T01:00Z')).toEqual([]);
  });
});
