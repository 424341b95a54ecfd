import { DAY, HOUR, MINUTE } from '@vacancy/shared/plain';
import { mix, unit } from './random.js';
import type { SimulatedServer } from './server.js';

/**
 * The time from one boot to the next. Counters, jobs and the sequence of samples begin with it,
 * so that any moment can be computed from its era alone, without walking through the time before it.
 */
export interface Era {
  readonly index: number;
  readonly key: number;
  /** Booted. */
  readonly from: number;
  /** Went down. */
  readonly to: number;
}

/** The era that holds `ts`, down time at its end included. */
export function eraAt(server: SimulatedServer, ts: number): Era {
  const length = server.profile.boot_days * DAY;
  let index = Math.floor(ts / length - server.phase);
  while (bootTime(server, index) > ts) index--;
  while (bootTime(server, index + 1) <= ts) index++;
  const next = bootTime(server, index + 1);
  return { index, key: mix(server.key, index), from: bootTime(server, index), to: next - downTime(server, index + 1) };
}

export const isUp = (era: Era, ts: number): boolean => ts >= era.from && ts < era.to;

function bootTime(server: SimulatedServer, index: number): number {
  const { boot_days, flaky } = server.profile;
  const wanted = (index + server.phase + (flaky ? 0.08 : 0.4) * unit(mix(server.key, 0xb008), index)) * boot_days * DAY;
  return Math.floor((flaky ? wanted : nearestUpkeep(server, wanted)) / 1000) * 1000;
}

/** Five in the morning of that day, local time, when an admin's cron job restarts a server. */
const nearestUpkeep = (server: SimulatedServer, ts: number): number =>
  Math.floor((ts + server.utc_offset_ms) / DAY) * DAY - server.utc_offset_ms + 5 * HOUR + unit(server.key, Math.floor(ts / DAY)) * 20 * MINUTE;

function downTime(server: SimulatedServer, index: number): number {
  const { boot_days, flaky } = server.profile;
  const chance = unit(mix(server.key, 0xd0), index);
  return Math.round(flaky ? flaky.away * (0.8 + 0.4 * chance) * boot_days * DAY : (3 + 9 * chance ** 4) * MINUTE);
}
