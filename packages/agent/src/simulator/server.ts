import { DAY, HOUR, type Inventory } from '@vacancy/shared/plain';
import { PROFILES, type Profile } from './catalogue.js';
import { mix, unit } from './random.js';

/** One simulated server: everything about it that doesn't change. It depends on the seed and its index alone. */
export interface SimulatedServer {
  readonly server: string;
  readonly key: number;
  readonly profile: Profile;
  /** Where in its round of boots it stands at the beginning of time, 0–1. */
  readonly phase: number;
  /** Local time minus UTC, so that its people sleep at night. */
  readonly utc_offset_ms: number;
  readonly inventory: Inventory;
}

export function describeServer(seed: number, index: number, utc_offset_ms: number): SimulatedServer {
  const profile = PROFILES[index % PROFILES.length]!;
  const server = `sim${String(index + 1).padStart(2, '0')}`;
  const key = mix(mix(seed, 0x51), index);
  const phase = profile.flaky && index < PROFILES.length ? profile.flaky.phase : unit(key, 0xb007);
  return { server, key, profile, phase, utc_offset_ms, inventory: inventoryOf(server, index, key, profile) };
}

function inventoryOf(server: string, index: number, key: number, profile: Profile): Inventory {
  const round = Math.floor(index / PROFILES.length);
  const { model, cuda_version, driver_version } = profile;
  return {
    v: 1, server,
    name: round ? `${profile.name} #${round + 1}` : profile.name,
    address: `10.${Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`,
    location: profile.location, os: profile.os, kernel: profile.kernel,
    cpu_model: profile.cpu_model, cpu_cores: profile.cpu_cores,
    memory_limit: profile.memory, hdd_total: Math.round(profile.hdd),
    ...(cuda_version && { cuda_version }), ...(driver_version && { driver_version }),
    agent_version: 'simulator', simulated: true,
    gpu_num: profile.cards,
    gpus: Array.from({ length: model ? profile.cards : 0 }, (_, gpu_id) => ({
      gpu_id, gpu_type: model!.gpu_type, gpu_memory_limit: model!.memory, uuid: uuidOf(key, gpu_id),
    })),
  };
}

function uuidOf(key: number, gpu_id: number): string {
  const hex = [0, 1, 2, 3].map((part) => mix(mix(key, gpu_id), part).toString(16).padStart(8, '0')).join('');
  return `GPU-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** How much people do, by hour of their day (0 h to 23 h): mornings start late, evenings are long. */
const BY_HOUR = [0.22, 0.14, 0.08, 0.05, 0.04, 0.04, 0.06, 0.12, 0.35, 0.7, 0.95, 0.9, 0.6, 0.75, 1, 1, 0.97, 0.9, 0.6, 0.62, 0.7, 0.68, 0.5, 0.35];
const WEEKEND = 0.4;

/** 0–1: how lively it is at the server's place at `ts`; weekends and nights are quiet. */
export function activity(server: SimulatedServer, ts: number): number {
  const local = ts + server.utc_offset_ms;
  const hours = (local / HOUR) % 24;
  const hour = Math.floor(hours);
  const now = BY_HOUR[hour]!;
  const level = now + (BY_HOUR[(hour + 1) % 24]! - now) * (hours - hour);
  const weekday = Math.floor(local / DAY + 4) % 7; // 1970-01-01 was a Thursday
  return level * (weekday === 0 || weekday === 6 ? WEEKEND : 1) * (0.8 + 0.4 * unit(server.key, Math.floor(local / DAY)));
}
