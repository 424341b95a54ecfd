import type { LiveRow, Rejected } from '@vacancy/shared';
import { age, gib, percent } from './words.js';

type Params = Rejected['params'];

/** Why a server was not recommended; a page translates by code and parameters, a terminal prints the sentence. */
const SENTENCES = {
  excluded: () => 'excluded by the request',
  offline: () => 'offline',
  clock_skewed: () => 'its clock is more than a minute ahead, its readings cannot be placed in time',
  stale: (p) => `its newest reading is ${age(p['age_ms'])} old`,
  location: (p) => `not at ${p['wanted']}`,
  cpu_busy: (p) =>
    'cpu_median' in p ? `CPU busy: median ${percent(p['cpu_median'])} over 5 minutes, ${percent(p['wanted'])} headroom wanted` : 'CPU load of the last 5 minutes is not known',
  memory: (p) => `only ${gib(p['memory_free'])} of main memory free`,
  no_gpu_data: (p) => `its cards cannot be read: ${p['reason']}`,
  model: (p) => `no card of model ${p['model']}`,
  too_few_cards: (p) => (p['have'] === 0 ? 'no such card' : `too few cards: ${p['have']} of ${p['wanted']}`),
  no_memory: (p) =>
    p['have'] === 0
      ? `no card with ${gib(p['memory'])} free, the best has ${gib(p['best'])}`
      : `only ${p['have']} of ${p['wanted']} cards with ${gib(p['memory'])} free`,
  too_few_together: (p) => `has ${p['have']} such cards, all servers together have ${p['total']} of ${p['wanted']}`,
  held: (p) => `held by ${p['by']}`,
  outranked: (p) => `fits, but ranks ${p['rank']}`,
} satisfies Record<string, (params: Params) => string>;

export type RejectionCode = keyof typeof SENTENCES;

export interface WhyNot {
  readonly code: RejectionCode;
  readonly params: Params;
}

export const rejection = (row: LiveRow, code: RejectionCode, params: Params): Rejected =>
  ({ server: row.server, name: row.name, code, params, reason: SENTENCES[code](params) });
