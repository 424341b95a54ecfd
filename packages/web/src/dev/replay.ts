import type { Series } from '@vacancy/shared';
import { ApiFailure, type Api } from '../api/client.js';
import { createReplayClient } from '../api/replay.js';
import type { Client } from '../composables/useClient.js';
import { generateFleet, mulberry32, type GeneratedFleet } from './recording.js';

/** `?replay=12` or `?replay=1000x8`: a made-up service of that many servers (with that many cards each). */
export function createReplay(wish: string): Client {
  const [servers, cards] = wish.split('x').map(Number);
  const fleet = generateFleet(servers || 12, Date.now(), cards);
  return { api: replayApi(fleet), live: createReplayClient(fleet) };
}

function replayApi(fleet: GeneratedFleet): Api {
  const missing = () => Promise.reject(new ApiFailure(404, 'not_found', 'not in the replay'));
  return {
    server: async (id) => {
      const server = fleet.rows.get(id);
      return server ? { server, inventory: fleet.inventory(id) } : missing();
    },
    series: async (id, query) => (fleet.rows.has(id) ? seriesOf(fleet, id, query.fields, query.from, query.to) : missing()),
    fleetSeries: missing,
    alerts: async () => ({ standing: [], recent: [] }),
    recommend: missing,
    hits: missing,
    holds: async () => [],
    hold: missing,
    releaseHold: missing,
    wishes: async () => [],
    wish: missing,
    cancelWish: missing,
    reports: async () => ({ reports: [], timezone: 'UTC', since: null }),
    report: missing,
    makeReport: missing,
    compareReports: missing,
  };
}

const STEPS = [1_000, 10_000, 60_000, 3_600_000, 86_400_000];

function seriesOf(fleet: GeneratedFleet, id: string, fields: readonly string[], from: number, to: number): Series {
  const step = STEPS.find((candidate) => (to - from) / candidate <= 2_000) ?? 86_400_000;
  const end = Math.min(to, Date.now());
  const ts: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= end; t += step) ts.push(t);
  const gap = (t: number): boolean => t > from + (to - from) * 0.5 && t < from + (to - from) * 0.53;
  const columns = fields.map((field, index) => {
    const now = currentValue(fleet, id, field);
    const random = mulberry32(index + 1);
    const spread = field === 'cpu' || field.endsWith('utilization') ? 60 : now * 0.2;
    let walk = now;
    const values = ts.map((t) => {
      walk = Math.max(0, walk + (random() - 0.5) * spread * 0.1 + (now - walk) * 0.02);
      if (field === 'cpu' || field.endsWith('utilization')) walk = Math.min(100, walk);
      return gap(t) ? null : walk;
    });
    return [field, values] as const;
  });
  return Object.fromEntries([['ts', ts], ...columns]) as unknown as Series;
}

function currentValue(fleet: GeneratedFleet, id: string, field: string): number {
  const row = fleet.rows.get(id)!;
  const [, card, name] = /^gpu\.(\d+)\.(\w+)$/.exec(field) ?? [];
  const source: object = card === undefined ? row : (row.gpus.find((gpu) => gpu.id === Number(card)) ?? {});
  return Number(Reflect.get(source, name ?? field)) || 0;
}
