import { DAY, HOUR, MINUTE } from '@vacancy/shared/plain';
import type { Run } from './runs.js';
import { mix, noise, unit } from './random.js';
import type { SimulatedServer } from './server.js';

/** Checkpoints that a training keeps: each new one takes the place of the oldest. */
const KEPT = 6;
const CHECKPOINT_EVERY = 40 * MINUTE;

/** Bytes in use at `ts`: what stays, what somebody will clear away next week, and what running jobs have written so far. */
export function diskUsed(server: SimulatedServer, runs: readonly Run[], ts: number): number {
  const { hdd_total } = server.inventory;
  let used = hdd_total * (collection(server, ts) + scratch(server, ts));
  for (const run of runs) used += written(run, ts);
  return Math.floor(Math.min(used, 0.995 * hdd_total));
}

/** Share of data sets and results: grows over months, unevenly, until a great clean-up. */
function collection(server: SimulatedServer, ts: number): number {
  const { days, clean, full, churn } = server.profile.disk;
  const cycles = ts / (days * DAY) + unit(server.key, 0xd1);
  const cycle = Math.floor(cycles);
  const spread = 0.1 * (full - clean);
  const start = clean - spread * unit(server.key ^ 0xd2, cycle);
  const end = full - spread * unit(server.key ^ 0xd3, cycle);
  // People copy things in and delete some: no day is like another.
  const uneven = 0.005 * noise(server.key ^ 0xd4, ts / (30 * HOUR)) + 0.009 * noise(server.key ^ 0xd5, ts / (9 * DAY));
  return start + (end - start) * (cycles - cycle) + churn * uneven;
}

/** Share of what is piled up for some days and then deleted at once. */
function scratch(server: SimulatedServer, ts: number): number {
  const cycles = ts / ((4 + 9 * unit(server.key, 0xd6)) * DAY) + unit(server.key, 0xd7);
  const cycle = Math.floor(cycles);
  const most = server.profile.disk.churn * (0.004 + 0.026 * unit(server.key ^ 0xd8, cycle));
  return most * (cycles - cycle) ** (0.6 + unit(server.key ^ 0xd9, cycle));
}

/** A training writes a checkpoint every now and then and keeps the last few; a batch job writes as it goes. */
function written(run: Run, ts: number): number {
  const elapsed = ts - run.from;
  if (run.kind === 'batch') return 4 * run.memory * (elapsed / (run.to - run.from));
  if (run.kind !== 'training' && run.kind !== 'pretraining') return 0;
  const every = CHECKPOINT_EVERY * (0.5 + unit(mix(run.key, 0xcc), 0));
  return Math.min(KEPT, Math.floor(elapsed / every)) * 0.3 * run.card_memory * run.cards.length;
}
