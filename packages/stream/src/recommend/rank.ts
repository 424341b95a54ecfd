import { MAX_CLOCK_AHEAD_MS, type Candidate, type LiveGpu, type LiveRow, type Recommendation, type Rejected } from '@vacancy/shared';
import { hasCompany } from './company.js';
import type { Fit } from './fit.js';
import { gpuFailure } from './gpu-failure.js';
import { reasonsFor } from './reasons.js';
import { rejection, type RejectionCode, type WhyNot } from './rejections.js';
import { LIKE_SERVER, promisedBytes, type CardRequest } from './request.js';
import { spreadOver } from './spread.js';

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
 * A request that may be `spread` is answered with the fewest servers that have the cards together.
 * The answer depends on the rows, never on their order.
 */
export function recommend(rows: Iterable<LiveRow>, request: CardRequest, now: number, context: RankContext = FROM_ROW): Recommendation {
  const others: Rejected[] = [];
  const fitting = rank(rows, request, now, context, (row, { code, params }) => others.push(rejection(row, code, params)));
  const { servers, left } = request.spread && request.gpus > 0 ? together(fitting, request) : first(fitting, request);
  // The live table comes by id; a sort of what is sorted is one pass.
  others.sort((a, b) => compareText(a.server, b.server));
  return { servers: servers.map((fit) => toCandidate(fit, request, now, context)), rejected: [...left, ...others], ts: now };
}

interface Chosen {
  readonly servers: readonly Fit[];
  /** Those that would do, but were not needed. */
  readonly left: readonly Rejected[];
}

const first = (fitting: readonly Fit[], { limit }: CardRequest): Chosen => ({ servers: fitting.slice(0, limit), left: outranked(fitting.slice(limit), limit) });

function together(fitting: readonly Fit[], { gpus: wanted }: CardRequest): Chosen {
  const shares = spreadOver(fitting.map((fit) => fit.chosen.length), wanted);
  const total = fitting.reduce((sum, fit) => sum + fit.chosen.length, 0);
  if (!shares) return { servers: [], left: fitting.map((fit) => rejection(fit.row, 'too_few_together', { wanted, have: fit.chosen.length, total })) };
  const servers = shares.map(({ at, count }) => toFit(fitting[at]!.row, fitting[at]!.chosen.slice(0, count), fitting[at]!.step));
  const used = new Set(shares.map(({ at }) => at));
  return { servers, left: outranked(fitting.filter((_fit, at) => !used.has(at)), servers.length) };
}

const outranked = (fits: readonly Fit[], limit: number): Rejected[] => fits.map((fit, at) => rejection(fit.row, 'outranked', { rank: limit + at + 1, limit }));

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
  rank(rows, LIKE_SERVER, now, context).slice(0, LIKE_SERVER.limit).map((fit) => toCandidate(fit, LIKE_SERVER, now, context ?? FROM_ROW));

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
  const { gpus: most, memory, model } = request;
  if (most === 0) return toFit(row, [], 0);
  const wanted = request.spread ? 1 : most;
  const failure = row.gpus.length === 0 ? gpuFailure(row) : undefined;
  if (failure !== undefined) return no('no_gpu_data', { reason: failure });

  const count = { readable: 0, fitting: 0, roomy: 0, free: 0 };
  const holds: Held[] = [];
  const kept: Stepped[] = [];
  let best = 0;
  for (const card of row.gpus) {
    // A card without a size is one that the driver could not read.
    if (card.memory_total <= 0) continue;
    count.readable++;
    if (!contains(card.gpu_type, model)) continue;
    count.fitting++;
    best = Math.max(best, card.memory_free);
    if (card.memory_free < memory) continue;
    count.roomy++;
    const held = context.held(row.server, card);
    if (held !== null) {
      holds.push(held);
      continue;
    }
    count.free++;
    keepBest(kept, card, request.order === 'steady' ? stepOf(row, card, request, context) : 0, most);
  }

  if (model !== undefined && count.readable > 0 && count.fitting === 0) return no('model', { model });
  if (count.fitting < wanted) return no('too_few_cards', { wanted, have: count.fitting });
  if (count.roomy < wanted) return no('no_memory', { wanted, have: count.roomy, memory, best });
  if (count.free < wanted) {
    const by = [...new Set(holds.map((held) => held.by))].sort().join(', ');
    return no('held', { wanted, have: count.free, by, until: Math.min(...holds.map((held) => held.until)) });
  }
  // All cards are needed, so the least steady one speaks for them; of those that may lie anywhere, the others can be left.
  return toFit(row, kept.map((one) => one.card), kept.at(request.spread ? 0 : -1)!.step);
}

function toFit(row: LiveRow, chosen: readonly LiveGpu[], step: number): Fit {
  const best = chosen.length > 0 ? chosen.reduce((a, b) => (compareCards(a, b) <= 0 ? a : b)) : null;
  return {
    row, chosen, best, step,
    memory_free: best?.memory_free ?? row.memory_total - row.memory_used,
    utilization: best?.utilization_median ?? Infinity,
    cpu: row.windows['5m'].cpu_median ?? Infinity,
  };
}

interface Stepped {
  readonly card: LiveGpu;
  readonly step: number;
}

/** Keeps the `most` first cards, in order: cheaper than a sort for the few that are wanted. */
function keepBest(kept: Stepped[], card: LiveGpu, step: number, most: number): void {
  if (kept.length === most && !isBetter(card, step, kept[most - 1]!)) return;
  let at = Math.min(kept.length, most - 1);
  for (; at > 0 && isBetter(card, step, kept[at - 1]!); at--) kept[at] = kept[at - 1]!;
  kept[at] = { card, step };
}

const isBetter = (card: LiveGpu, step: number, than: Stepped): boolean => (step - than.step || compareCards(than.card, card)) > 0;

const steadinessOf = (row: LiveRow, card: LiveGpu, request: CardRequest, context: RankContext): number | null =>
  context.steadiness(row.server, card, promisedBytes(request, card.memory_free));

/**
 * Halvings of the risk, ten at most: smaller differences are noise, and within a step free memory decides.
 * A card that somebody is on comes after every empty one: its memory may well stay free, but it is not a free card.
 */
function stepOf(row: LiveRow, card: LiveGpu, request: CardRequest, context: RankContext): number {
  if (hasCompany(card)) return -1;
  return Math.min(10, Math.round(-Math.log2(1 - (steadinessOf(row, card, request, context) ?? 0))));
}

const byCards = (a: Fit, b: Fit): number =>
  b.step - a.step || b.memory_free - a.memory_free || difference(a.utilization, b.utilization) || difference(a.cpu, b.cpu) || byId(a, b);
const byCpu = (a: Fit, b: Fit): number => difference(a.cpu, b.cpu) || b.memory_free - a.memory_free || byId(a, b);
const byId = (a: Fit, b: Fit): number => compareText(a.row.server, b.row.server);

const compareCards = (a: LiveGpu, b: LiveGpu): number =>
  b.memory_free - a.memory_free || difference(a.utilization_median ?? Infinity, b.utilization_median ?? Infinity) || a.id - b.id;

/** Lower first; two that are not known are a tie, not NaN. */
const difference = (a: number, b: number): number => (a === b ? 0 : a - b);

/** By code unit: the order of ids must not depend on anybody's locale. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const contains = (text: string | null, part: string | undefined): boolean =>
  part === undefined || (text !== null && text.toLowerCase().includes(part.toLowerCase()));

export function toCandidate(fit: Fit, request: CardRequest, now: number, context: RankContext): Candidate {
  const { row, chosen, best } = fit;
  const steadiness = leastSteady(chosen.map((card) => steadinessOf(row, card, request, context)));
  return {
    server: row.server,
    name: row.name,
    gpus: chosen.map(({ id, gpu_type, memory_free, utilization_median }) => ({ id, gpu_type, memory_free, utilization_median })),
    cuda_visible_devices: chosen.map((card) => card.id).sort((a, b) => a - b).join(','),
    memory_free: best?.memory_free ?? 0,
    last_ts: row.last_ts,
    like_index: row.like_index,
    simulated: row.simulated,
    steadiness,
    reasons: reasonsFor(fit, steadiness, ageOf(row, now)),
  };
}

/** All of the cards are needed, so the least steady one speaks for them. */
const leastSteady = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((least, value) => (value === null || least === null ? null : Math.min(least, value)), values.length > 0 ? 1 : null);
