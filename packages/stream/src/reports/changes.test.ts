import { describe, expect, it } from 'vitest';
import { changesBetween, compareReports, figuresOf, saysTheSame } from './changes.js';
import { fleet, report, server } from './fixture.js';

describe('the figures of a report', () => {
  it('are named by their path, entries of lists by their ids', () => {
    const figures = figuresOf(report({ servers: [server('gpu01', { gpus: [{ id: 3, gpu_type: null, coverage: 1, idle_rate: { free8g: 0.25, used10pct: null }, utilization_mean: 1, memory_used_avg: 1, memory_used_max: 1, memory_total: 1, occupied_idle_hours: 0 }] })] }));
    expect(figures.get('servers.gpu01.gpus.3.idle_rate.free8g')).toBe(0.25);
    expect(figures.get('servers.gpu01.gpus.3.idle_rate.used10pct')).toBeNull();
    expect(figures.get('fleet.cpu_mean')).toBe(40);
    expect([...figures.keys()].filter((field) => /generated_at|\bts$|trends|name/.test(field))).toEqual([]);
  });
});

describe('a revision', () => {
  it('lists what is different, what came and what went', () => {
    const before = report({ servers: [server('gpu01')] });
    const after = report({ servers: [server('gpu01', { cpu_mean: 41 }), server('gpu02')], fleet: fleet({ cpu_mean: 40 + 1e-9 }) });
    const changes = changesBetween(before, after);
    expect(changes[0]).toEqual({ field: 'servers.gpu01.cpu_mean', before: 40, after: 41 });
    expect(changes.slice(1).every(({ field, before }) => field.startsWith('servers.gpu02.') && before === null)).toBe(true);
    expect(changes.length).toBeGreaterThan(10);
  });

  it('says the same when only the making differs, and not when a name does', () => {
    expect(saysTheSame(report(), report({ generated_at: 1, revision: 7, late: true, changes: [{ field: 'x', before: 1, after: 2 }] }))).toBe(true);
    expect(saysTheSame(report(), report({ servers: [server('gpu01', { name: 'renamed' }), server('gpu02', { name: 'Two' })] }))).toBe(false);
    expect(saysTheSame(report(), report({ fleet: fleet({ cpu_mean: null }) }))).toBe(false);
  });
});

describe('a comparison', () => {
  it('sets the fleet side by side, and the servers that are in both', () => {
    const compared = compareReports(report({ start: '2026-11-09', fleet: fleet({ cpu_mean: 10 }), servers: [server('gpu01'), server('gone')] }), report({ servers: [server('gpu01', { cpu_mean: 7 }), server('new')] }));
    expect(compared).toMatchObject({ period: 'week', a: { start: '2026-11-09' }, b: { start: '2026-11-16' } });
    expect(compared.fields).toContainEqual({ field: 'fleet.cpu_mean', a: 10, b: 40 });
    expect(compared.servers.map((row) => row.server)).toEqual(['gpu01']);
    expect(compared.servers[0]!.fields).toContainEqual({ field: 'cpu_mean', a: 40, b: 7 });
  });
});
