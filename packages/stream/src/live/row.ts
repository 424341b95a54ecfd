import { isFree8g, isUsed10pct, type IdleRate, type IdleThresholds, type Inventory, type LiveGpu, type LiveRow, type WindowStats } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { likeIndex } from '../recommend/like-index.js';
import type { CardWindows, ServerWindows } from '../windows/index.js';

/** Everything known of a server at one moment; a row is a pure function of it. */
export interface Known {
  readonly sample: Received;
  readonly inventory: Inventory | null;
  readonly windows: ServerWindows;
  /** Bytes per second since the reading before; null without one, and where a counter fell without a reboot. */
  readonly rates: { readonly network_up: number | null; readonly network_down: number | null } | null;
  readonly online: boolean;
  readonly offline_since: number | null;
}

export interface RowContext {
  readonly idle: IdleThresholds;
  readonly held: (server: string, gpu: number) => LiveGpu['held'];
}

export function toRow(known: Known, { idle, held }: RowContext): LiveRow {
  const { sample, inventory, windows } = known;
  const cards = windows.gpus;
  const row = {
    server: sample.server,
    name: inventory?.name ?? sample.server,
    address: inventory?.address ?? null,
    location: inventory?.location ?? null,
    simulated: inventory?.simulated ?? false,
    online: known.online,
    last_ts: sample.ts,
    offline_since: known.offline_since,
    interval_ms: sample.interval_ms,
    clock_skewed: sample.skewed,
    cpu: sample.cpu,
    load1: sample.load1 ?? null,
    memory_total: sample.memory_total,
    memory_used: sample.memory_used,
    swap_total: sample.swap_total ?? null,
    swap_used: sample.swap_used ?? null,
    hdd_total: sample.hdd_total,
    hdd_used: sample.hdd_used,
    hdd_rate: sample.hdd_total > 0 ? told((100 * sample.hdd_used) / sample.hdd_total) : null,
    network_up: told(known.rates?.network_up ?? null, RATE_DECIMALS),
    network_down: told(known.rates?.network_down ?? null, RATE_DECIMALS),
    user_num: sample.user_num ?? null,
    uptime_s: sample.uptime_s,
    windows: toldWindows(windows.windows),
    health: sample.health ?? null,
    gpus: sample.gpus
      .map((gpu) => toGpu(gpu, inventory, cards.get(gpu.id) ?? null, idle, held(sample.server, gpu.id)))
      .sort((a, b) => a.id - b.id),
  };
  return { ...row, like_index: likeIndex(row) };
}

function toGpu(
  gpu: Received['gpus'][number],
  inventory: Inventory | null,
  windows: CardWindows | null,
  idle: IdleThresholds,
  held: LiveGpu['held'],
): LiveGpu {
  const processes = gpu.processes ?? [];
  return {
    id: gpu.id,
    gpu_type: inventory?.gpus.find((card) => card.gpu_id === gpu.id)?.gpu_type ?? null,
    memory_total: gpu.memory_total,
    memory_used: gpu.memory_used,
    memory_free: Math.max(0, gpu.memory_total - gpu.memory_used),
    utilization: gpu.utilization ?? null,
    temperature: gpu.temperature ?? null,
    power: gpu.power ?? null,
    idle: { free8g: isFree8g(gpu, idle), used10pct: isUsed10pct(gpu, idle) },
    idle_rate: { '5m': toldRate(windows?.['5m'].idle_rate ?? UNKNOWN), '60m': toldRate(windows?.['60m'].idle_rate ?? UNKNOWN) },
    utilization_median: windows?.['5m'].utilization_median ?? null,
    occupied_idle: windows?.['5m'].occupied_idle ?? false,
    users: usersOf(processes),
    held,
    processes,
  };
}

function usersOf(processes: LiveGpu['processes']): string[] {
  const users: string[] = [];
  for (const { user } of processes) if (user !== undefined && !users.includes(user)) users.push(user);
  return users.sort();
}

const UNKNOWN = { free8g: null, used10pct: null };

/** Quotients to ten decimals, rates to a millionth of a byte: what lies behind is noise of the division, in every figure of every message. */
const DECIMALS = 1e10;
const RATE_DECIMALS = 1e6;
function told(quotient: number, decimals?: number): number;
function told(quotient: number | null, decimals?: number): number | null;
function told(quotient: number | null, decimals = DECIMALS): number | null {
  return quotient === null ? null : Math.round(quotient * decimals) / decimals;
}

const toldRate = ({ free8g, used10pct }: IdleRate): IdleRate => ({ free8g: told(free8g), used10pct: told(used10pct) });

const toldWindows = (windows: LiveRow['windows']): LiveRow['windows'] => ({
  '1m': toldStats(windows['1m']), '5m': toldStats(windows['5m']), '15m': toldStats(windows['15m']), '60m': toldStats(windows['60m']),
});

const toldStats = (stats: WindowStats): WindowStats => ({ ...stats, cpu_mean: told(stats.cpu_mean), coverage: told(stats.coverage), idle_rate: toldRate(stats.idle_rate) });
