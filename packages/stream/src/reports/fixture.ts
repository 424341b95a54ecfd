import { DAY, GIB, type Report, type ReportFleet, type ReportServer } from '@vacancy/shared';

const TIB = 1024 * GIB;
export const START = Date.parse('2026-11-16T00:00Z');

export const fleet = (given: Partial<ReportFleet> = {}): ReportFleet => ({
  coverage: 1, cpu_mean: 40, cpu_median: 38, cpu_min: 0, cpu_max: 100, memory_avg: { total: 512 * GIB, used: 100 * GIB }, hdd_used_avg: 4 * TIB, hdd_total: 16 * TIB,
  network_up_total: TIB, network_down_total: 2 * TIB, idle_rate: { free8g: 0.5, used10pct: 0.25 },
  busy_time: { ts: START + 14 * 3_600_000, cpu_mean: 80, hour: 14, weekday: 1, date: '2026-11-16' },
  busy_server: { server: 'gpu01', name: '一号', cpu_mean: 60 }, idle_server: { server: 'gpu02', name: 'Two', cpu_mean: 20 },
  network_up_daily_avg: null, network_down_daily_avg: null, network_up_weekly_avg: null, network_down_weekly_avg: null, network_up_monthly_avg: null, network_down_monthly_avg: null,
  ...given,
});

export const server = (id: string, given: Partial<ReportServer> = {}): ReportServer => ({
  ...fleet(), server: id, name: id, simulated: false, availability: 1, first_seen: START, hdd_forecast: null, gpus: [],
  hdd_used_avg: TIB, hdd_total: 8 * TIB, ...given,
});

/** A week of two servers in which nothing is remarkable. */
export const report = (given: Partial<Report> = {}): Report => ({
  period: 'week', start: '2026-11-16', end: '2026-11-23', timezone: 'UTC', generated_at: START + 7 * DAY + 600_000, revision: 1, open: false, formula: 1, late: false, changes: [],
  coverage: 1, general: { server_num: 2, user_num: 3, gpu_num: 0 }, fleet: fleet(), servers: [server('gpu01', { name: '一号' }), server('gpu02', { name: 'Two' })],
  trends: { ts: [START], coverage: [1], cpu_mean: [40], memory_used: [1], hdd_used: [1], network_up: [1], network_down: [1], gpu_idle_rate: [null], gpu_idle_rate_used10pct: [null] },
  heatmap: Array.from({ length: 7 }, () => Array<number | null>(24).fill(null)), users: [], recommendation: null, previous: fleet(), summary: [],
  ...given,
});
