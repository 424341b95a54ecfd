import { describe, expect, it } from 'vitest';
import { GIB, HOUR, MINUTE, SECOND } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { FleetWindows } from './fleet.js';

/** A sample of server `a` in which only what a test speaks of is not ordinary. */
const sampleOf = (fields: Partial<Received>): Received => ({
  v: 1, server: 'a', boot_id: 'boot', seq: fields.ts ?? 0, ts: 0, interval_ms: 1_000, uptime_s: 1_000, cpu: 0,
  memory_total: 1, memory_used: 0, hdd_total: 1, hdd_used: 0, network_in: 0, network_out: 0, gpus: [],
  stream_seq: 0, received_ts: 0, skewed: false, ...fields,
});

const NOW = 1_762_000_000_000;
const card = (fields: object) => ({ id: 0, memory_total: 24 * GIB, memory_used: 20 * GIB, ...fields });

/** A window of `seconds` seconds of samples at 1 Hz that end at `NOW`. */
function filled(seconds: number, fields: (second: number) => object): FleetWindows {
  const windows = new FleetWindows();
  for (let second = 1 - seconds; second <= 0; second++) windows.record(sampleOf({ ts: NOW + second * SECOND, ...fields(second) }));
  return windows;
}

describe('what a window holds', () => {
  it('is open at its start and closed at its end: (now − length, now]', () => {
    const windows = new FleetWindows();
    windows.record(sampleOf({ ts: NOW - MINUTE, cpu: 90 }));
    windows.record(sampleOf({ ts: NOW - MINUTE + 1, cpu: 10 }));
    windows.record(sampleOf({ ts: NOW, cpu: 20 }));
    expect(windows.server('a')!.windows['1m']).toMatchObject({ cpu_min: 10, cpu_max: 20, cpu_median: 15 });
    expect(windows.server('a')!.windows['5m']).toMatchObject({ cpu_max: 90, cpu_median: 20 });
  });

  it('weights the mean by observed time, the median by samples', () => {
    const windows = new FleetWindows();
    windows.record(sampleOf({ ts: NOW - 10, cpu: 10, interval_ms: 9_000 }));
    windows.record(sampleOf({ ts: NOW, cpu: 20, interval_ms: 1_000 }));
    expect(windows.server('a')!.windows['1m']).toMatchObject({ cpu_mean: 11, cpu_median: 15, coverage: 10 / 60 });
  });

  it('never covers more than all of its length', () => {
    expect(filled(70, () => ({ interval_ms: 5_000 })).server('a')!.windows['1m'].coverage).toBe(1);
  });
});

describe('a burst', () => {
  it("an hour's backfill behind live samples, at a hundred times real time, does not touch the live windows", () => {
    const windows = filled(60, () => ({ cpu: 20 }));
    const before = windows.server('a')!.windows['1m'];
    // 36 s of real time in which 3,600 old samples come between 36 live ones.
    for (let second = 1; second <= 36; second++) {
      for (let i = 0; i < 100; i++) expect(windows.record(sampleOf({ ts: NOW - HOUR + (second * 100 + i) * SECOND - 5 * MINUTE, cpu: 100, boot_id: 'old' }))).toBe('late');
      windows.record(sampleOf({ ts: NOW + second * SECOND, cpu: 20 }));
      windows.advance(NOW + second * SECOND);
    }
    expect(windows.late).toBe(3_600);
    expect(windows.server('a')!.windows['1m']).toEqual(before);
    expect(windows.server('a')!.windows['60m'].cpu_max).toBe(20);
  });

  it('a server that comes back and sends its silence in order has it where it belongs, not in the live minute', () => {
    const windows = new FleetWindows();
    windows.advance(NOW);
    for (let second = -1_800; second <= 0; second++) windows.record(sampleOf({ ts: NOW + second * SECOND, cpu: second < -300 ? 100 : 20 }));
    const { '1m': live, '60m': hour } = windows.server('a')!.windows;
    expect(live).toMatchObject({ cpu_max: 20, coverage: 1 });
    expect(hour).toMatchObject({ cpu_max: 100, coverage: 1_801 / 3_600 });
  });
});

describe('occupied but idle', () => {
  const of = (fields: (second: number) => object, seconds = 300) =>
    filled(seconds, (second) => ({ gpus: [card(fields(second))] })).server('a')!.gpus.get(0)!['5m'].occupied_idle;

  it('memory held and no work throughout the window', () => expect(of(() => ({ utilization: 4 }))).toBe(true));
  it('not after one moment of work', () => expect(of((second) => ({ utilization: second === -200 ? 5 : 0 }))).toBe(false));
  it('not when memory was free for a moment', () => expect(of((second) => ({ utilization: 0, memory_used: second === -200 ? 0 : 20 * GIB }))).toBe(false));
  it('never when the utilisation is not known', () => expect(of((second) => (second === -200 ? {} : { utilization: 0 }))).toBe(false));
  it('not while less than 90 % of the window was seen', () => {
    expect(of(() => ({ utilization: 0 }), 269)).toBe(false);
    expect(of(() => ({ utilization: 0 }), 270)).toBe(true);
  });
});

describe('the fleet', () => {
  it('ranks servers by mean cpu, ties by id, and leaves out those seen for less than half of the window', () => {
    const windows = new FleetWindows();
    for (const [server, cpu, interval_ms] of [['c', 80, 30_000], ['b', 80, 30_000], ['d', 99, 29_999], ['a', 10, 60_000]] as const) windows.record(sampleOf({ server, ts: NOW, cpu, interval_ms }));
    expect(windows.fleet('1m')).toMatchObject({ busy_server: { server: 'b', cpu_mean: 80 }, idle_server: { server: 'a', cpu_mean: 10 } });
  });

  it('has no busiest server and no idle rate before it has seen anything', () => {
    expect(new FleetWindows().fleet('5m')).toEqual({ idle_rate: { free8g: null, used10pct: null }, busy_server: null, idle_server: null });
  });

  it('is the mean over all cards, not over servers', () => {
    const windows = new FleetWindows();
    windows.record(sampleOf({ server: 'a', ts: NOW, gpus: [card({ memory_used: 0 })] }));
    windows.record(sampleOf({ server: 'b', ts: NOW, gpus: [card({}), card({ id: 1 }), card({ id: 2 })] }));
    expect(windows.fleet('1m').idle_rate).toEqual({ free8g: 0.25, used10pct: 0.25 });
  });
});

describe('what stays', () => {
  it('nothing of a server that fell silent for longer than the longest window', () => {
    const windows = filled(10, () => ({ gpus: [card({})] }));
    windows.takeChanges();
    windows.advance(NOW + HOUR - 1);
    expect(windows.size).toBe(1);
    windows.advance(NOW + HOUR);
    expect(windows.size).toBe(0);
    expect(windows.bytes).toBe(0);
    expect(windows.server('a')).toBeNull();
    expect(windows.takeChanges()).toEqual({ servers: new Map(), removed: ['a'] });
  });

  it('nothing of a server that sent more samples of one moment than are kept', () => {
    const windows = new FleetWindows({ max_samples: 1 });
    for (const seq of [1, 2]) windows.record(sampleOf({ ts: NOW, seq }));
    windows.advance(NOW + 1);
    expect(windows.takeChanges()).toEqual({ servers: new Map(), removed: ['a'] });
  });

  it('a bounded memory, however often an agent starts anew', () => {
    const windows = new FleetWindows({ max_samples: 100 });
    for (let i = 0; i < 5_000; i++) windows.record(sampleOf({ ts: NOW + i, boot_id: `boot${i}` }));
    expect(windows.server('a')!.windows['1m'].coverage).toBe(1);
    expect(windows.bytes).toBeLessThan(32 * 1024);
  });

  it('right idle rates, though every sample claims to stand for an hour', () => {
    const windows = filled(1_500, (second) => ({ interval_ms: HOUR, gpus: [card({ memory_used: second % 2 ? 0 : 20 * GIB })] }));
    const { idle_rate, coverage } = windows.server('a')!.gpus.get(0)!['60m'];
    expect(coverage).toBe(1);
    expect(idle_rate.free8g).toBeCloseTo(0.5, 2);
  });

  it('no drift, after a million samples of awkward numbers', () => {
    const windows = new FleetWindows({ lengths: { only: 10 * SECOND } });
    for (let i = 0; i < 1_000_000; i++) windows.record(sampleOf({ ts: NOW + i * SECOND, cpu: i < 999_990 ? (i * 0.1) % 100 : 31.9, interval_ms: 333 }));
    expect(windows.server('a')!.windows.only.cpu_mean).toBeCloseTo(31.9, 12);
  });
});

it('refuses options that mean nothing', () => {
  expect(() => new FleetWindows({ lengths: { none: 0 } })).toThrow(RangeError);
  expect(() => new FleetWindows({ lateness_ms: -1 })).toThrow(RangeError);
  expect(() => new FleetWindows({ max_samples: 70_000 })).toThrow(RangeError);
});
