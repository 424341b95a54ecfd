import { DEFAULT_IDLE, GIB, WINDOW_LABELS, isFree8g, isUsed10pct, type LiveGpu, type LiveRow, type WindowStats } from '@vacancy/shared';
import { likeIndex } from './like-index.js';

/** Rows for tests and benchmarks: a healthy, idle server unless told otherwise. */
export const NOW = 1_762_000_000_000;

export function card(id: number, over: Partial<LiveGpu> = {}): LiveGpu {
  const memory_total = over.memory_total ?? 12 * GIB;
  const memory_used = over.memory_used ?? (over.memory_free === undefined ? 0 : memory_total - over.memory_free);
  const memory = { memory_total, memory_used };
  const rate = { free8g: null, used10pct: null };
  return {
    id, gpu_type: 'TITAN Xp', utilization: 0, temperature: null, power: null,
    idle: { free8g: isFree8g(memory, DEFAULT_IDLE), used10pct: isUsed10pct(memory, DEFAULT_IDLE) },
    idle_rate: { '5m': rate, '60m': rate },
    utilization_median: 0, occupied_idle: false, users: [], held: null, processes: [],
    ...over, ...memory, memory_free: memory_total - memory_used,
  };
}

export function row(server: string, gpus: LiveGpu[], over: Partial<LiveRow> & { cpu_median?: number | null } = {}): LiveRow {
  const { cpu_median = 10, ...fields } = over;
  const stats: WindowStats = { cpu_median, cpu_mean: cpu_median, cpu_min: cpu_median, cpu_max: cpu_median, coverage: 1, idle_rate: { free8g: null, used10pct: null } };
  const windows = Object.fromEntries(WINDOW_LABELS.map((label) => [label, stats])) as LiveRow['windows'];
  const made: LiveRow = {
    server, name: server, address: null, location: null, simulated: false, online: true, last_ts: NOW - 1000, offline_since: null,
    interval_ms: 1000, clock_skewed: false, cpu: 10, load1: null, memory_total: 128 * GIB, memory_used: 16 * GIB, swap_total: null,
    swap_used: null, hdd_total: 1000 * GIB, hdd_used: 500 * GIB, hdd_rate: 50, network_up: null, network_down: null, user_num: null,
    uptime_s: 1000, like_index: 'light', windows, health: null, gpus,
    ...fields,
  };
  return { ...made, like_index: likeIndex(made) };
}
