import { describe, expect, it } from 'vitest';
import { HOUR, SECOND, type Inventory } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { emptyServerWindows } from '../windows/index.js';
import { LiveTable } from './table.js';

const T0 = 1_762_000_000_000;

const sample = (changes: Partial<Received> = {}): Received => ({
  v: 1, server: 'gpu01', boot_id: 'b1', seq: 1, ts: T0, interval_ms: 1000, uptime_s: 100, cpu: 10,
  memory_total: 100, memory_used: 50, hdd_total: 200, hdd_used: 50, network_in: 1000, network_out: 500, gpus: [],
  stream_seq: 1, received_ts: changes.ts ?? T0, skewed: false,
  ...changes,
});

const inventory: Inventory = {
  v: 1, server: 'gpu01', name: '实验室一号', memory_limit: 100, hdd_total: 200, gpu_num: 1,
  gpus: [{ gpu_id: 0, gpu_type: 'TITAN Xp', gpu_memory_limit: 12 }],
};

describe('LiveTable', () => {
  it('shows the newest reading by event time, whatever arrives later', () => {
    const table = new LiveTable();
    table.record(sample({ ts: T0 + 2000, cpu: 20 }));
    table.record(sample({ ts: T0 + 1000, cpu: 99, received_ts: T0 + 9000 }));
    expect(table.row('gpu01')).toMatchObject({ cpu: 20, last_ts: T0 + 2000 });
  });

  it('gives rates from two readings, and none from one', () => {
    const table = new LiveTable();
    table.record(sample());
    expect(table.row('gpu01')).toMatchObject({ network_up: null, network_down: null });
    table.record(sample({ ts: T0 + 2000, network_in: 5000, network_out: 700 }));
    expect(table.row('gpu01')).toMatchObject({ network_up: 100, network_down: 2000 });
  });

  it('counts a reboot from the new value and an unexplained fall as nothing', () => {
    const table = new LiveTable();
    table.record(sample({ network_in: 1_000_000 }));
    table.record(sample({ ts: T0 + 1000, uptime_s: 1, network_in: 4000 }));
    expect(table.row('gpu01')!.network_down).toBe(4000);
    table.record(sample({ ts: T0 + 2000, uptime_s: 2, network_in: 3000 }));
    expect(table.row('gpu01')).toMatchObject({ network_down: null, network_up: 0 });
  });

  it('tells quotients to ten decimals, rates to a millionth, and what was measured as it was', () => {
    const table = new LiveTable();
    table.record(sample({ cpu: 33.333333333333, hdd_total: 3, hdd_used: 1 }));
    table.record(sample({ cpu: 33.333333333333, ts: T0 + 3000, hdd_total: 3, hdd_used: 1, network_in: 2000 }));
    const windows = emptyServerWindows();
    const third = { ...windows.windows['5m'], cpu_mean: 100 / 3, cpu_median: 100 / 3, coverage: 1 / 3, idle_rate: { free8g: 2 / 3, used10pct: null } };
    table.setWindows('gpu01', { ...windows, windows: { ...windows.windows, '5m': third } });
    expect(table.row('gpu01')).toMatchObject({
      cpu: 33.333333333333, hdd_rate: 33.3333333333, network_down: 333.333333,
      windows: { '5m': { cpu_mean: 33.3333333333, cpu_median: 100 / 3, coverage: 0.3333333333, idle_rate: { free8g: 0.6666666667, used10pct: null } }, '60m': { cpu_mean: null, coverage: 0 } },
    });
  });

  it('keeps an offline server with its last values and says since when', () => {
    const table = new LiveTable();
    table.record(sample({ interval_ms: 10_000 }));
    table.expire(T0 + 29 * SECOND);
    expect(table.row('gpu01')).toMatchObject({ online: true, offline_since: null });
    table.expire(T0 + 31 * SECOND);
    expect(table.row('gpu01')).toMatchObject({ online: false, offline_since: T0, cpu: 10 });
    table.record(sample({ ts: T0 + 40 * SECOND }));
    table.expire(T0 + 41 * SECOND);
    expect(table.row('gpu01')).toMatchObject({ online: true, offline_since: null });
  });

  it('tells who came and went, and the newest sample of all or of the silent', () => {
    const table = new LiveTable();
    table.record(sample({ cpu: 1 }));
    table.record(sample({ server: 'gpu02', ts: T0 + 8 * SECOND, received_ts: T0 + 8 * SECOND }));
    expect(table.expire(T0 + 9 * SECOND)).toBe(true);
    expect(table.expire(T0 + 9 * SECOND)).toBe(false);
    expect(table.newest('silent')).toMatchObject([{ server: 'gpu01', cpu: 1, received_ts: T0 }]);
    expect(table.newest('all').map(({ server }) => server)).toEqual(['gpu01', 'gpu02']);
  });

  it('says since when of a server that was never seen online, also to who looked before', () => {
    const table = new LiveTable();
    table.record(sample());
    expect(table.row('gpu01')).toMatchObject({ online: false, offline_since: null });
    table.takeChanged();
    expect(table.expire(T0 + HOUR)).toBe(false);
    expect(table.row('gpu01')).toMatchObject({ online: false, offline_since: T0 });
    expect(table.takeChanged()).toEqual(['gpu01']);
  });

  it('calls a fast sender offline after five seconds, not after three intervals', () => {
    const table = new LiveTable();
    table.record(sample({ interval_ms: 250 }));
    table.expire(T0 + 4 * SECOND);
    expect(table.row('gpu01')!.online).toBe(true);
  });

  it('counts a backfill of old readings as a sign of life', () => {
    const table = new LiveTable();
    table.record(sample());
    table.record(sample({ ts: T0 - 60 * SECOND, received_ts: T0 + 10 * SECOND }));
    table.expire(T0 + 12 * SECOND);
    expect(table.row('gpu01')!.online).toBe(true);
  });

  it('names what the inventory knows, before and after the first sample', () => {
    const table = new LiveTable();
    table.describe(inventory);
    expect(table.rows()).toEqual([]);
    table.record(sample({ gpus: [{ id: 0, memory_total: 12, memory_used: 2 }] }));
    expect(table.row('gpu01')).toMatchObject({ name: '实验室一号', gpus: [{ gpu_type: 'TITAN Xp', memory_free: 10, utilization: null }] });
  });

  it('counts users by name across servers, for a minute, and by number where names are not told', () => {
    const table = new LiveTable();
    table.record(sample({ users: ['alice', 'bob'] }));
    table.record(sample({ server: 'gpu02', gpus: [{ id: 0, memory_total: 1, memory_used: 0, processes: [{ pid: 1, user: 'alice' }] }] }));
    table.record(sample({ server: 'gpu03', user_num: 4 }));
    table.expire(T0);
    expect(table.userNum(T0)).toBe(2 + 4);
    expect(table.userNum(T0 + 61 * SECOND)).toBe(4);
  });

  it('tells each change once', () => {
    const table = new LiveTable();
    table.record(sample());
    expect(table.takeChanged()).toEqual(['gpu01']);
    expect(table.takeChanged()).toEqual([]);
  });
});
