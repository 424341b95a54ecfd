import { describe, expect, it } from 'vitest';
import type { Report, ReportFleet } from '@vacancy/shared';
import { createFormat } from '../../format/format.js';
import { FLEET_FIGURES, cardHours, changeOf, isTotal, sayFigure, valueAt } from './figures.js';

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

  it('are means and sizes, but for two sums over the period', () => {
    expect(FLEET_FIGURES.map(({ key }) => key).filter(isTotal)).toEqual(['network_up_total', 'network_down_total']);
  });

  it('add up the hours of the cards', () => {
    const gpus = [{ coverage: 0.5, occupied_idle_hours: 3 }, { coverage: 1, occupied_idle_hours: 0 }];
    const report = { servers: [{ gpus }, { gpus: [] }], users: [{ gpu_hours_fair: 20 }, { gpu_hours_fair: 4 }] } as unknown as Report;
    expect(cardHours(report, 86_400_000)).toEqual({ observed: 36, held: 24, idle: 3 });
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
