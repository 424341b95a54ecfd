import { WINDOW_LENGTHS, type Candidate, type IdleDefinitions, type LiveRow, type Millis, type Overview, type WindowLabel } from '@vacancy/shared';
import type { FleetWindow } from '../windows/index.js';

/** The window behind the overview's idle rate, busiest and idlest server. */
export const OVERVIEW_WINDOW: WindowLabel = '5m';

export interface OverviewInput {
  readonly rows: readonly LiveRow[];
  readonly fleet: FleetWindow;
  readonly idle: IdleDefinitions;
  readonly like_server: readonly Candidate[];
  readonly user_num: number | null;
  readonly warming_up: boolean;
  readonly lag_ms: number | null;
  readonly store_lag_ms: number | null;
  readonly now: Millis;
}

/** The general figures of the whole fleet. Cards count wherever they are known; idle ones only where they are online. */
export function toOverview({ rows, fleet, idle, like_server, user_num, warming_up, lag_ms, store_lag_ms, now }: OverviewInput): Overview {
  const online = rows.filter((row) => row.online);
  const cards = online.flatMap((row) => row.gpus);
  const named = (load: FleetWindow['busy_server']) =>
    load && { ...load, name: rows.find((row) => row.server === load.server)?.name ?? load.server };
  return {
    server_num: rows.length,
    online_num: online.length,
    user_num,
    gpu_num: rows.reduce((sum, row) => sum + row.gpus.length, 0),
    gpu_idle_num: {
      free8g: cards.filter((card) => card.idle.free8g).length,
      used10pct: cards.filter((card) => card.idle.used10pct).length,
    },
    idle_rate: fleet.idle_rate,
    idle,
    busy_server: named(fleet.busy_server),
    idle_server: named(fleet.idle_server),
    like_server: [...like_server],
    window_s: WINDOW_LENGTHS[OVERVIEW_WINDOW] / 1000,
    warming_up,
    lag_ms,
    store_lag_ms,
    simulated_num: rows.filter((row) => row.simulated).length,
    ts: now,
  };
}
