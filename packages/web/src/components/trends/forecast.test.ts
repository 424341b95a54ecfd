import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY } from '@vacancy/shared';
import type { Point } from '../../state/history.js';
import { band, fitLine, forecastDisk, sinceCleanup, studentT95 } from './forecast.js';

const START = 1_700_000_000_000;
const days = (count: number, value: (day: number) => number | null): Point[] => Array.from({ length: count }, (_, day) => [START + day * DAY, value(day)]);
const now = START + 30 * DAY;
/** Alternates, so that the line is known but not exactly. */
const noise = (day: number): number => (day % 2 === 0 ? 6 : -6);

describe('the line through daily means', () => {
  it('is exact on a straight line, and knows it', () => {
    const line = fitLine(days(30, (day) => 100 + 2 * (day + 0.5)))!;
    expect(line.per_day).toBeCloseTo(2);
    expect(line.per_day_error).toBeCloseTo(0);
    expect(line.at(now)).toBeCloseTo(160);
  });

  it('agrees with a worked example', () => {
    // y = 1 … 8 with the last point off by 4: the residuals' squares sum to 16 · (1 − 1/8 − 3.5²/42), t(6) = 2.447.
    const line = fitLine(days(8, (day) => (day === 7 ? 12 : day + 1)))!;
    expect(line.per_day).toBeCloseTo(4 / 3, 6);
    expect(line.per_day_error / 2.447).toBeCloseTo(Math.sqrt((16 * (1 - 1 / 8 - 3.5 ** 2 / 42)) / 6 / 42), 3);
  });

  it('leaves unknown days out', () => {
    const line = fitLine(days(30, (day) => (day % 3 === 0 ? null : 2 * day)))!;
    expect(line.days).toBe(20);
    expect(line.per_day).toBeCloseTo(2);
  });

  it('is not drawn through less than a week', () => {
    expect(fitLine(days(30, (day) => (day < 6 ? day : null)))).toBeNull();
  });

  it('takes its factor from Student, not from the normal curve', () => {
    for (const [degrees, factor] of [[5, 2.571], [10, 2.228], [28, 2.048]] as const) expect(Math.abs(studentT95(degrees) / factor - 1)).toBeLessThan(0.01);
  });
});

describe('a disk is full', () => {
  it('when the line reaches its size, somewhere between the edges', () => {
    const forecast = forecastDisk(days(30, (day) => 400 + 10 * (day + 0.5) + noise(day)), 1_000, now);
    expect(forecast).toMatchObject({ kind: 'full' });
    if (forecast.kind !== 'full') return;
    expect(forecast.likely).toBeCloseTo(30, 0);
    expect(forecast.earliest).toBeLessThan(forecast.likely);
    expect(forecast.latest).toBeGreaterThan(forecast.likely);
  });

  it('never, while it does not grow', () => {
    expect(forecastDisk(days(30, () => 500), 1_000, now).kind).toBe('never');
    expect(forecastDisk(days(30, (day) => 500 - day), 1_000, now).kind).toBe('never');
  });

  it('at no sure latest day, while the growth may be chance', () => {
    const forecast = forecastDisk(days(10, (day) => 500 + day / 2 + noise(day)), 520, now);
    expect(forecast).toMatchObject({ kind: 'full', latest: null });
  });

  it('nobody knows when, with too few days', () => {
    expect(forecastDisk(days(30, (day) => (day > 26 ? 1 : null)), 10, now)).toEqual({ kind: 'few', days: 3 });
  });

  it('by its growth since it was last cleaned up', () => {
    const sawtooth = days(30, (day) => (day < 10 ? 900 + day : day === 10 ? 700 : 400 + 10 * day));
    // Day 10 and day 11 both fall: the mean of the day of the clean-up lies between.
    expect(sinceCleanup(sawtooth, 1_000)).toHaveLength(18);
    const forecast = forecastDisk(sawtooth, 1_000, now);
    expect(forecast).toMatchObject({ kind: 'full' });
    if (forecast.kind === 'full') expect(forecast.likely).toBeCloseTo(30.5, 1);
  });

  it('nobody knows when, right after somebody cleaned up', () => {
    expect(forecastDisk(days(30, (day) => (day < 26 ? 900 : 400)), 1_000, now)).toEqual({ kind: 'few', days: 3 });
  });

  it('today, when it is', () => {
    expect(forecastDisk(days(30, (day) => 900 + 10 * day), 1_000, now)).toMatchObject({ kind: 'full', likely: 0, earliest: 0 });
  });

  it('earliest, likely, latest come in this order, whatever the disk did', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e13, noNaN: true }), { minLength: 7, maxLength: 60 }), (values) => {
        const forecast = forecastDisk(days(values.length, (day) => values[day]!), 1.5e13, START + values.length * DAY);
        if (forecast.kind !== 'full') return;
        expect(forecast.earliest).toBeLessThanOrEqual(forecast.likely + 1e-3);
        if (forecast.latest !== null) expect(forecast.latest).toBeGreaterThanOrEqual(forecast.likely - 1e-3);
      }),
    );
  });
});

describe('the band of a forecast', () => {
  it('holds the line and widens into the future', () => {
    const { line, low, high } = band(fitLine(days(30, (day) => 400 + 10 * day + noise(day)))!, now, now + 30 * DAY, 2);
    line.forEach(([, value], i) => {
      expect(low[i]![1]!).toBeLessThan(value!);
      expect(high[i]![1]!).toBeGreaterThan(value!);
    });
    expect(high[2]![1]! - low[2]![1]!).toBeGreaterThan(high[0]![1]! - low[0]![1]!);
  });
});
