import { describe, expect, it } from 'vitest';
import { HOUR, type HitsHour } from '@vacancy/shared';
import { hitBars } from './hit-bars.js';

const hour = (ts: number, hit_rate: number | null): HitsHour => ({ ts, hit_rate, asked: 4, still_free: 1, taken_by_asker: 0, taken_by_other: 0, gone: 0, unknown: 0 });

describe('hits by hour', () => {
  it('has a place for every hour, and no rate where nothing was judged', () => {
    expect(hitBars([hour(2 * HOUR, 0.5), hour(3 * HOUR, null)], HOUR, 5 * HOUR)).toEqual([
      { ts: HOUR, hit_rate: null, asked: 0 }, { ts: 2 * HOUR, hit_rate: 0.5, asked: 4 }, { ts: 3 * HOUR, hit_rate: null, asked: 4 }, { ts: 4 * HOUR, hit_rate: null, asked: 0 },
    ]);
  });

  it('keeps the hours of a zone that is off by half an hour', () => {
    expect(hitBars([hour(2.5 * HOUR, 1)], 1.2 * HOUR, 3 * HOUR).map((bar) => bar.ts / HOUR)).toEqual([1.5, 2.5]);
  });
});
