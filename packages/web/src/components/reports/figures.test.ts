import { describe, expect, it } from 'vitest';
import type { ReportFleet } from '@vacancy/shared';
import { createFormat } from '../../format/format.js';
import { changeOf, sayFigure, valueAt } from './figures.js';

const f = createFormat('en', 'UTC');

describe('the figures of a report', () => {
  const fleet = { cpu_mean: 12, memory_avg: { total: 100, used: null }, idle_rate: { free8g: 0.5, used10pct: null } } as unknown as ReportFleet;

  it('are found by their path, and are null where there is none', () => {
    expect(valueAt(fleet, 'cpu_mean')).toBe(12);
    expect(valueAt(fleet, 'idle_rate.free8g')).toBe(0.5);
    expect(valueAt(fleet, 'memory_avg.used')).toBeNull();
    expect(valueAt(fleet, 'hdd_total')).toBeNull();
    expect(valueAt(null, 'cpu_mean')).toBeNull();
  });

  it('say unknown as a dash, never as zero', () => {
    expect(sayFigure(null, 'bytes', f)).toBe('–');
    expect(sayFigure(0, 'bytes', f)).not.toBe('–');
  });
});

describe('a change', () => {
  it('is in points for shares and percent, and relative for sizes', () => {
    expect(changeOf(10, 15, 'percent')).toEqual({ amount: 5, points: true });
    expect(changeOf(0.5, 0.4, 'share')!.amount).toBeCloseTo(-10);
    expect(changeOf(200, 300, 'bytes')).toEqual({ amount: 0.5, points: false });
  });

  it('is not known against nothing', () => {
    expect(changeOf(null, 3, 'bytes')).toBeNull();
    expect(changeOf(0, 3, 'bytes')).toBeNull();
    expect(changeOf(0, 0, 'bytes')).toEqual({ amount: 0, points: false });
  });
});
