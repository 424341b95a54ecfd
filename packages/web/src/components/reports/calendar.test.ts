import { describe, expect, it } from 'vitest';
import type { ReportListItem } from '@vacancy/shared';
import { cellsOf, childrenOf, dayStart, isDate, isoWeek, parentOf, startOf, step, ticksOf, todayIn } from './calendar.js';

describe('the calendar of reports', () => {
  it.each([
    ['2026-11-22', '2026-11-16', 2026, 47],
    ['2027-01-03', '2026-12-28', 2026, 53],
    ['2024-12-31', '2024-12-30', 2025, 1],
  ])('puts %s into the ISO week of %s', (date, monday, year, week) => {
    expect(startOf('week', date)).toBe(monday);
    expect(isoWeek(monday)).toEqual({ year, week });
  });

  it('steps over months of every length and over leap years', () => {
    expect(step('month', '2024-01-01', 1)).toBe('2024-02-01');
    expect(step('day', '2024-02-28', 1)).toBe('2024-02-29');
    expect(step('year', '2024-01-01', -1)).toBe('2023-01-01');
  });

  it('steps from a year to its days and back', () => {
    expect(childrenOf('year', '2026-01-01')).toHaveLength(12);
    expect(childrenOf('month', '2024-02-01')).toHaveLength(29);
    expect(childrenOf('week', '2026-11-16').map((day) => day.start)).toContain('2026-11-22');
    expect(childrenOf('day', '2026-11-16')).toEqual([]);
    expect(parentOf('week', '2026-11-30')).toEqual({ period: 'month', start: '2026-12-01' });
    expect(parentOf('year', '2026-01-01')).toBeNull();
  });

  it('knows what a date is', () => {
    expect(['2026-02-29', '2026-2-1', 'x', '2024-02-29'].map(isDate)).toEqual([false, false, false, true]);
  });
});

describe('a page of the calendar', () => {
  const item = { period: 'day', start: '2026-11-20' } as ReportListItem;

  it('shows a month in whole weeks, and tells kept days from open, past and coming ones', () => {
    const cells = cellsOf('day', '2026-11-05', '2026-11-22', [item]);
    expect(cells).toHaveLength(42);
    const state = (start: string) => cells.find((cell) => cell.start === start);
    expect(state('2026-10-26')).toMatchObject({ inside: false });
    expect(['2026-11-19', '2026-11-20', '2026-11-22', '2026-11-23'].map((start) => state(start)!.state)).toEqual(['past', 'made', 'open', 'future']);
  });

  it('offers nothing from before the archives begin', () => {
    const weeks = cellsOf('week', '2026-05-01', '2026-11-22', [], '2026-10-27');
    expect(weeks.slice(0, 4).map((cell) => `${cell.start} ${cell.state}`)).toEqual(['2026-10-26 past', '2026-11-02 past', '2026-11-09 past', '2026-11-16 open']);
    const days = cellsOf('day', '2026-10-01', '2026-11-22', [], '2026-10-27');
    expect(days.filter((cell) => cell.inside && cell.state === 'before')).toHaveLength(26);
  });

  it('shows the weeks that belong to a year, 53 in a long one', () => {
    const weeks = cellsOf('week', '2026-06-01', '2027-02-01', []);
    expect(weeks).toHaveLength(53);
    expect(weeks[0]!.start).toBe('2025-12-29');
  });

  it('shows twelve months, and the last six years', () => {
    expect(cellsOf('month', '2026-06-01', '2026-11-22', [])).toHaveLength(12);
    expect(cellsOf('year', '2026-06-01', '2026-11-22', []).map((cell) => cell.start.slice(0, 4))).toEqual(['2021', '2022', '2023', '2024', '2025', '2026']);
  });
});

describe('local days', () => {
  it.each([
    ['2026-11-22', 'Asia/Shanghai', '2026-11-21T16:00:00Z'],
    ['2026-11-22', 'Asia/Kolkata', '2026-11-21T18:30:00Z'],
    ['2026-03-08', 'America/New_York', '2026-03-08T05:00:00Z'],
    ['2026-03-09', 'America/New_York', '2026-03-09T04:00:00Z'],
    ['2026-11-02', 'America/New_York', '2026-11-02T05:00:00Z'],
  ])('%s in %s begins at %s', (date, zone, iso) => {
    expect(new Date(dayStart(date, zone)).toISOString().replace('.000', '')).toBe(iso);
  });

  it('are where a report’s charts have their marks, over a change of the clocks too', () => {
    const iso = (period: 'day' | 'week' | 'year', start: string) => ticksOf(period, start, 'America/New_York').map((ts) => new Date(ts).toISOString().slice(5, 16));
    expect(iso('week', '2026-10-26').slice(5)).toEqual(['10-31T04:00', '11-01T04:00']);
    expect(iso('week', '2026-11-02')).toEqual(['11-02T05:00', '11-03T05:00', '11-04T05:00', '11-05T05:00', '11-06T05:00', '11-07T05:00', '11-08T05:00']);
    expect(iso('year', '2026-01-01').slice(2, 5)).toEqual(['03-01T05:00', '04-01T04:00', '05-01T04:00']);
    expect(iso('day', '2026-07-01')[1]).toBe('07-01T08:00');
    expect(ticksOf('month', '2026-02-01', 'Asia/Kolkata')).toHaveLength(10);
  });

  it('are the day that it is there, not here', () => {
    expect(todayIn(Date.parse('2026-11-22T20:00:00Z'), 'Asia/Shanghai')).toBe('2026-11-23');
  });
});
