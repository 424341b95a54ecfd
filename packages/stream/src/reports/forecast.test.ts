import { describe, expect, it } from 'vitest';
import { forecastDisk } from './forecast.js';

const days = Array.from({ length: 30 }, (_, i) => i);

describe('a disk’s forecast', () => {
  it('of a straight line is where the line ends', () => {
    // Noon of day 29 holds 295; ten a day reach 400 ten and a half days after it, ten after the day's end.
    expect(forecastDisk(days, days.map((day) => 10 * (day + 0.5)), 400, 30)).toEqual({ days: 30, bytes_per_day: 10, bytes_per_day_error: 0, full_in_days: { earliest: 10, likely: 10, latest: 10 } });
  });

  it('agrees with the formulas of a textbook', () => {
    // y = 2, 4, 5, 4, 5, 7, 9 at x = 0.5 … 6.5: slope 13/14, residual variance 6.286/7/5… computed by hand as below.
    const y = [2, 4, 5, 4, 5, 7, 9].map((value) => value * 1000);
    const { bytes_per_day, bytes_per_day_error } = forecastDisk(days.slice(0, 7), y, 1e6, 7)!;
    const slope = (-3 * 2 - 2 * 4 - 5 + 5 + 2 * 7 + 3 * 9) / 28;
    const mean = 36 / 7;
    const residual = [2, 4, 5, 4, 5, 7, 9].reduce((sum, value, i) => sum + (value - mean - slope * (i - 3)) ** 2, 0);
    expect([bytes_per_day, bytes_per_day_error]).toEqual([Math.round(1000 * slope), Math.round(1000 * Math.sqrt(residual / 5 / 28))]);
  });

  it('of a doubtful slope never ends by its flattest line', () => {
    const noisy = days.map((day) => 1000 + day + (day % 2 ? 60 : -60));
    const full = forecastDisk(days, noisy, 2000, 30)!.full_in_days!;
    expect(full.earliest).toBeLessThan(full.likely);
    expect(full.latest).toBeNull();
  });

  it.each([
    ['shrinks', days.map((day) => 100 - day), 1000],
    ['would last decades', days.map((day) => day), 1e6],
  ])('of a disk that %s has no end', (_what, used, total) => {
    expect(forecastDisk(days, used, total, 30)!.full_in_days).toBeNull();
  });

  it('is not made of less than a week', () => {
    expect(forecastDisk([0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6], 100, 6)).toBeNull();
  });
});
