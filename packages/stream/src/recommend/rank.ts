import { MAX_CLOCK_AHEAD_MS, OCCUPIED_SHARE, type Candidate, type LiveGpu, type LiveRow, type Recommendation, type Rejected } from '@vacancy/shared';
import type { ChosenCard, Fit } from './fit.js';
import { reasonsFor } from './reasons.js';
import { rejection, type RejectionCode, type WhyNot } from './rejections.js';
import { LIKE_SERVER, promisedBytes, type CardRequest } from './request.js';

/** What the ranking asks of others; by default the row itself knows who holds a card and nobody knows how steady it is. */
export interface RankContext {
  readonly held: (server: string, card: LiveGpu) => Held | null;
  /** How sure it is that `promised` bytes of the card stay free, 0–1; `null` is not known. */
  readonly steadiness: (server: string, card: LiveGpu, promised: number) => number | null;
}
export type Held = NonNullable<LiveGpu['held']>;

const FROM_ROW: RankContext = { held: (_server, card) => card.held, steadiness: () => null };

/**
 * The servers that have what was asked for, best first, and for every other one why not.
 *
 * `plain` ranks by the free memory of the best card, ties by its lower 5-minute utilisation median, then the lower CPU
 * median, then the id. `steady` puts the likelihood that all chosen cards stay free before that. Without cards (`gpus: 0`)
 * the lower CPU median leads, then more free main memory, then the id. A value that is not known loses every tie.
 * The answer depends on the rows, never on their order.
 */
export function recommend(rows: Iterable<LiveRow>, request: CardRequest, now: number, context: RankContext = FROM_ROW): Recommendation {
  const rejected: Rejected[] = [];
  const fitting = rank(rows, request, now, context, (row, { code, params }) => rejected.push(rejection(row, code, params)));
  for (const [at, fit] of fitting.slice(request.limit).entries()) {
    const rank = request.limit + at + 1;
    rejected.push(rejection(fit.row, 'outranked', { rank, limit: request.limit }));
  }
  rejected.sort((a, b) => compareText(a.server, b.server));
  return { servers: fitting.slice(0, request.limit).map((fit) => toCandidate(fit, now)), rejected, ts: now };
}

/** All servers that fit, best first, whatever the limit; `onRejected` hears of the others. */
export function rank(rows: Iterable<LiveRow>, request: CardRequest, now: number, context: RankContext = FROM_ROW, onRejected?: (row: LiveRow, why: WhyNot) => void): Fit[] {
  const fitting: Fit[] = [];
  for (const row of rows) {
    const judged = judge(row, request, now, context);
    if ('code' in judged) onRejected?.(row, judged);
    else fitting.push(judged);
  }
  return fitting.sort(request.gpus === 0 ? byCpu : byCards);
}

/** The home page's three servers: the same code with the default request. */
export const likeServer = (rows: Iterable<LiveRow>, now: number, context?: RankContext): Candidate[] =>
  rank(rows, LIKE_SERVER, now, context).slice(0, LIKE_SERVER.limit).map((fit) => toCandidate(fit, now));

/** How old a row's newest reading is, by the broker's clock where the agent knows its own error (at most a minute is believed). */
export function ageOf(row: LiveRow, now: number): number {
  const offset = row.health?.clock_offset_ms ?? 0;
  return Math.max(0, now - row.last_ts - Math.max(-MAX_CLOCK_AHEAD_MS, Math.min(MAX_CLOCK_AHEAD_MS, offset)));
}

/** A server that counts as online may still be catching up on old readings; those say nothing about now. */
export const isFresh = (row: LiveRow, now: number): boolean => ageOf(row, now) <= Math.max(3 * row.interval_ms, 10_000);

const no = (code: RejectionCode, params: WhyNot['params']): WhyNot => ({ code, params });

function judge(row: LiveRow, request: CardRequest, now: number, context: RankContext): Fit | WhyNot {
  if (request.exclude.has(row.server)) return no('excluded', {});
  if (!row.online) return no('offline', row.offline_since === null ? {} : { since: row.offline_since });
  if (row.clock_skewed) return no('clock_skewed', {});
  if (!isFresh(row, now)) return no('stale', { age_ms: ageOf(row, now) });
  if (!contains(row.location, request.location)) return no('location', { wanted: request.location ?? '', location: row.location ?? '' });
  return judgeHost(row, request) ?? judgeCards(row, request, context);
}

function judgeHost(row: LiveRow, request: CardRequest): WhyNot | null {
  const cpu = row.windows['5m'].cpu_median;
  if (request.cpu_free !== undefined && (cpu === null || 100 - cpu < request.cpu_free)) {
    return no('cpu_busy', { wanted: request.cpu_free, ...(cpu !== null && { cpu_median: cpu }) });
  }
  const free = row.memory_total - row.memory_used;
  const wanted = request.memory_free;
  return wanted !== undefined && free < wanted ? no('memory', { wanted, memory_free: free }) : null;
}

function judgeCards(row: LiveRow, request: CardRequest, context: RankContext): Fit | WhyNot {
  const { gpus: wanted, memory, model } = request;
  if (wanted === 0) return { row, chosen: [], best: null, steadiness: null, step: 0 };
  if (row.gpus.length === 0 && gpuFailure(row)) return no('no_gpu_data', { reason: gpuFailure(row)! });
  // A card without a size is one that the driver could not read.
  const readable = row.gpus.filter((card) => card.memory_total > 0);
  const fitting = readable.filter((card) => contains(card.gpu_type, model));
  if (model !== undefined && readable.length > 0 && fitting.length === 0) return no('model', { model });
  if (fitting.length < wanted) return no('too_few_cards', { wanted, have: fitting.length });

  const roomy = fitting.filter((card) => card.memory_free >= memory);
  if (roomy.length < wanted) {
    const best = Math.max(...fitting.map((card) => card.memory_free));
    return no('no_memory', { wanted, have: roomy.length, memory, best });
  }
  const free = roomy.filter((card) => context.held(row.server, card) === null);
  if (free.length < wanted) {
    const holds = roomy.map((card) => context.held(row.server, card)).filter((held) => held !== null);
    const by = [...new Set(holds.map((held) => held.by))].sort().join(', ');
    return no('held', { wanted, have: free.length, by, until: Math.min(...holds.map((held) => held.until)) });
  }
  return choose(row, free, request, context);
}

function choose(row: LiveRow, cards: readonly LiveGpu[], request: CardRequest, context: RankContext): Fit {
  const known = cards.map((card) => ({ card, steadiness: context.steadiness(row.server, card, promisedBytes(request, card.memory_free)) }));
  const steady = request.order === 'steady';
  known.sort((a, b) => (steady && stepOf(b) - stepOf(a)) || compareCards(a.card, b.card));
  const chosen = known.slice(0, request.gpus);
  const best = chosen.map((one) => one.card).reduce((a, b) => (compareCards(a, b) <= 0 ? a : b));
  const steadiness = chosen.reduce<number | null>((least, one) => (least === null || one.steadiness === null ? null : Math.min(least, one.steadiness)), 1);
  return { row, chosen, best, steadiness, step: steady ? Math.min(...chosen.map(stepOf)) : 0 };
}

/**
 * Halvings of the risk, ten at most: smaller differences are noise, and within a step free memory decides.
 * A card that somebody is on comes after every empty one: its memory may well stay free, but it is not a free card.
 */
function stepOf({ card, steadiness }: ChosenCard): number {
  const occupied = card.memory_used >= OCCUPIED_SHARE * card.memory_total;
  return occupied ? -1 : Math.min(10, Math.round(-Math.log2(1 - (steadiness ?? 0))));
}

function byCards(a: Fit, b: Fit): number {
  return b.step - a.step || b.best!.memory_free - a.best!.memory_free || lower(a.best!.utilization_median, b.best!.utilization_median) || byCpuMedian(a, b) || byId(a, b);
}

function byCpu(a: Fit, b: Fit): number {
  return byCpuMedian(a, b) || freeMemory(b.row) - freeMemory(a.row) || byId(a, b);
}

const byCpuMedian = (a: Fit, b: Fit): number => lower(a.row.windows['5m'].cpu_median, b.row.windows['5m'].cpu_median);
const byId = (a: Fit, b: Fit): number => compareText(a.row.server, b.row.server);
const freeMemory = (row: LiveRow): number => row.memory_total - row.memory_used;

const compareCards = (a: LiveGpu, b: LiveGpu): number =>
  b.memory_free - a.memory_free || lower(a.utilization_median, b.utilization_median) || a.id - b.id;

/** Lower first, unknown last; equal ones (also two unknown) are a tie. */
function lower(a: number | null, b: number | null): number {
  return a === b ? 0 : (a ?? Infinity) - (b ?? Infinity);
}

/** By code unit: the order of ids must not depend on anybody's locale. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const contains = (text: string | null, part: string | undefined): boolean =>
  part === undefined || (text !== null && text.toLowerCase().includes(part.toLowerCase()));

const gpuFailure = (row: LiveRow): string | undefined =>
  row.health?.failures?.find((failure) => /gpu|nvidia/i.test(failure.collector))?.reason;

export function toCandidate(fit: Fit, now: number): Candidate {
  const { row, chosen, best } = fit;
  return {
    server: row.server,
    name: row.name,
    gpus: chosen.map(({ card }) => ({ id: card.id, gpu_type: card.gpu_type, memory_free: card.memory_free, utilization_median: card.utilization_median })),
    cuda_visible_devices: chosen.map(({ card }) => card.id).sort((a, b) => a - b).join(','),
    memory_free: best?.memory_free ?? 0,
    last_ts: row.last_ts,
    like_index: row.like_index,
    simulated: row.simulated,
    steadiness: fit.chosen.length > 0 ? fit.steadiness : null,
    reasons: reasonsFor(fit, ageOf(row, now)),
  };
}

