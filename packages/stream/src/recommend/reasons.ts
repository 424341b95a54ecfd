import { OCCUPIED_SHARE, type Candidate, type LiveGpu } from '@vacancy/shared';
import { COMPUTES_FROM } from './company.js';
import type { Fit } from './fit.js';
import { age, gib, percent } from './words.js';

/** A server that comes and goes, or has only just come, has medians of the little that was seen. */
const PATCHY = 0.5;

export type Reason = Candidate['reasons'][number];

/** Why this server and these cards, the strongest reason first, and what speaks against them: who is on a card, how old the reading is. */
export function reasonsFor({ row, chosen, best }: Fit, steadiness: number | null, age_ms: number): Reason[] {
  const { cpu_median: cpu, coverage } = row.windows['5m'];
  const reasons = best ? [...bestCard(best), ...chosen.flatMap(occupants)] : [mainMemory(row.memory_total - row.memory_used)];
  if (cpu !== null) reasons.push(reason('cpu', { cpu_median: cpu }, `CPU median ${percent(cpu)} over 5 minutes`));
  if (steadiness !== null) reasons.push(reason('steady', { steadiness }, `${percent(Math.floor(steadiness * 100))} sure to stay free for ten minutes`));
  if (coverage < PATCHY) reasons.push(reason('patchy', { coverage }, `seen in only ${percent(Math.floor(coverage * 100))} of the last 5 minutes`));
  reasons.push(reason('fresh', { age_ms }, `read ${age(age_ms)} ago`));
  if (row.simulated) reasons.push(reason('simulated', {}, 'a simulated server'));
  return reasons;
}

const mainMemory = (memory_free: number): Reason => reason('main_memory', { memory_free }, `${gib(memory_free)} of main memory free`);

function bestCard({ id: gpu, memory_free, memory_total, utilization_median }: LiveGpu): Reason[] {
  return [
    reason('card_memory', { gpu, memory_free, memory_total }, `card ${gpu} has ${gib(memory_free)} of ${gib(memory_total)} free`),
    utilization_median === null
      ? reason('utilization_unknown', { gpu }, `card ${gpu} reports no utilisation`)
      : reason('utilization', { gpu, utilization_median }, `utilisation median ${percent(utilization_median)} over 5 minutes`),
  ];
}

/** Free memory leads, so a card may be recommended that somebody computes on: then the answer says who. */
function occupants({ id: gpu, users, processes, memory_used, memory_total, utilization, occupied_idle }: LiveGpu): Reason[] {
  if (users.length > 0) {
    const names = [...users].sort().join(', ');
    return occupied_idle
      ? [reason('occupied_idle', { gpu, users: names }, `card ${gpu} is held but not used by ${names}`)]
      : [reason('shared', { gpu, users: names }, `card ${gpu} is also used by ${names}`)];
  }
  if (memory_used >= OCCUPIED_SHARE * memory_total || processes.length > 0) {
    return [reason('shared_unknown', { gpu, memory_used }, `${gib(memory_used)} of card ${gpu} held by processes of an unknown owner`)];
  }
  return utilization !== null && utilization >= COMPUTES_FROM
    ? [reason('computes', { gpu, utilization }, `card ${gpu} computes (${percent(utilization)}) though next to nothing is held: somebody may be starting`)]
    : [reason('unused', { gpu }, `card ${gpu} is unoccupied`)];
}

const reason = (code: string, params: Reason['params'], text: string): Reason => ({ code, params, text });
