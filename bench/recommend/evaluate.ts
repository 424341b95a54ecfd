import { createFleet } from '@vacancy/agent/simulator';
import { DAY, GIB, HOUR, MINUTE, OCCUPIED_SHARE, type LiveGpu, type LiveRow, type Sample } from '@vacancy/shared';
import { card, row } from '../../packages/stream/src/recommend/fixture.js';
import { Gaps } from '../../packages/stream/src/recommend/gaps.js';
import { judge, JUDGED_AFTER_MS, toPending, type Pending } from '../../packages/stream/src/recommend/outcome.js';
import { recommend, type RankContext } from '../../packages/stream/src/recommend/rank.js';
import { LIKE_SERVER, type CardRequest } from '../../packages/stream/src/recommend/request.js';

export interface Evaluation {
  readonly asked: number;
  /** Share of questions whose cards were still free ten minutes later, by order; over all, and where the two answers differ. */
  readonly plain: number;
  readonly steady: number;
  /** The card that has been empty for longest first: what needs nothing learned. */
  readonly longest: number;
  readonly differ: number;
  readonly plain_differ: number;
  readonly steady_differ: number;
  /** Where any of the fitting servers would have done: what no order can exceed. */
  readonly possible: number;
  /** What was said and what came true, by tenths of what was said (plain order's answers). */
  readonly calibration: readonly { said: number; was: number; count: number }[];
  readonly brier: number;
}

export interface EvaluationOptions {
  readonly servers: number;
  readonly seed: number;
  readonly warm_up_days: number;
  readonly days: number;
  /** Minutes between two questions. */
  readonly every: number;
}

const FROM = Date.UTC(2026, 2, 2);

/** Asks the same questions in both orders through a simulated month, and looks ten minutes later, as the log does. */
export function evaluate(options: EvaluationOptions): Evaluation {
  const fleet = createFleet({ servers: options.servers, seed: options.seed, utc_offset_ms: 8 * HOUR });
  const gaps = new Gaps();
  const empty = new Empty();
  const history = new Map<string, number[][]>();
  const tally = new Tally();
  const waiting: Question[] = [];
  const random = lcg(options.seed);
  const minutes = ((options.warm_up_days + options.days) * DAY) / MINUTE;
  for (let minute = 1; minute <= minutes; minute++) {
    const ts = FROM + minute * MINUTE;
    const rows = new Map<string, LiveRow>();
    for (const server of fleet.servers) {
      const sample = fleet.sampleAt(server, ts, MINUTE);
      if (!sample) continue;
      const made = toRow(sample, history);
      rows.set(server, made);
      for (const gpu of made.gpus) {
        gaps.observe(`${server}/${gpu.id}`, gpu, ts);
        empty.observe(`${server}/${gpu.id}`, gpu, ts);
      }
    }
    while (waiting[0] && waiting[0].due <= ts) tally.add(waiting.shift()!, rows, ts);
    if (minute % options.every === 0 && minute * MINUTE > options.warm_up_days * DAY) {
      const question = ask(rows, requestOf(random), { gaps, empty }, ts);
      if (question) waiting.push(question);
    }
  }
  return tally.result();
}

interface Question {
  readonly due: number;
  readonly plain: Pending;
  readonly steady: Pending;
  readonly longest: Pending;
  readonly others: readonly Pending[];
}

function ask(rows: ReadonlyMap<string, LiveRow>, request: CardRequest, { gaps, empty }: { gaps: Gaps; empty: Empty }, ts: number): Question | null {
  const learned: Steadiness = (server, gpu, promised) => gaps.chance(`${server}/${gpu.id}`, (gpu.memory_free - promised) / gpu.memory_total);
  const waited: Steadiness = (server, gpu) => empty.chance(`${server}/${gpu.id}`, ts);
  const pendings = (order: CardRequest['order'], steadiness: Steadiness): Pending[] =>
    recommend(rows.values(), { ...request, order, limit: 1000 }, ts, { held: () => null, steadiness })
      .servers.map((one) => toPending('q', { ...request, order }, '', one, rows.get(one.server)!, ts));
  const plain = pendings('plain', learned);
  const steady = pendings('steady', learned);
  const longest = pendings('steady', waited);
  if (!plain[0] || !steady[0] || !longest[0]) return null;
  return { due: ts + JUDGED_AFTER_MS, plain: plain[0], steady: steady[0], longest: longest[0], others: [...plain, ...steady, ...longest] };
}

type Steadiness = RankContext['steadiness'];

/** Since when cards have been empty: every doubling of that time halves the risk. */
class Empty {
  readonly #since = new Map<string, number>();

  observe(card: string, gpu: LiveGpu, ts: number): void {
    if (gpu.memory_used >= OCCUPIED_SHARE * gpu.memory_total) this.#since.delete(card);
    else if (!this.#since.has(card)) this.#since.set(card, ts);
  }

  chance(card: string, ts: number): number {
    return 1 - MINUTE / (MINUTE + ts - (this.#since.get(card) ?? ts));
  }
}

class Tally {
  #asked = 0;
  #hits = { plain: 0, steady: 0, longest: 0, possible: 0, differ: 0, plain_differ: 0, steady_differ: 0 };
  readonly #said = Array.from({ length: 10 }, () => ({ said: 0, was: 0, count: 0 }));
  #brier = 0;
  #known = 0;

  add(question: Question, rows: ReadonlyMap<string, LiveRow>, ts: number): void {
    const hit = (pending: Pending): number => (judge(pending, rows.get(pending.server), ts, 0) === 'still_free' ? 1 : 0);
    const plain = hit(question.plain);
    const steady = hit(question.steady);
    this.#asked++;
    this.#hits.plain += plain;
    this.#hits.steady += steady;
    this.#hits.longest += hit(question.longest);
    this.#hits.possible += question.others.some((one) => hit(one) === 1) ? 1 : 0;
    if (keyOf(question.plain) !== keyOf(question.steady)) {
      this.#hits.differ++;
      this.#hits.plain_differ += plain;
      this.#hits.steady_differ += steady;
    }
    const said = question.plain.steadiness;
    if (said === null) return;
    const bin = this.#said[Math.min(9, Math.floor(said * 10))]!;
    bin.said += said;
    bin.was += plain;
    bin.count++;
    this.#brier += (said - plain) ** 2;
    this.#known++;
  }

  result(): Evaluation {
    const { plain, steady, longest, possible, differ, plain_differ, steady_differ } = this.#hits;
    const calibration = this.#said.filter((bin) => bin.count > 0).map(({ said, was, count }) => ({ said: said / count, was: was / count, count }));
    return {
      asked: this.#asked, plain: plain / this.#asked, steady: steady / this.#asked, longest: longest / this.#asked, possible: possible / this.#asked,
      differ, plain_differ: plain_differ / differ, steady_differ: steady_differ / differ, calibration, brier: this.#brier / this.#known,
    };
  }
}

const keyOf = (pending: Pending): string => `${pending.server} ${pending.cards.map((one) => one.id).join()}`;

function requestOf(random: () => number): CardRequest {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const model = pick([undefined, undefined, 'TITAN', '3090', '4090', 'A100', 'H200']);
  return { ...LIKE_SERVER, gpus: pick([1, 1, 1, 2, 2, 4]), memory: pick([8, 10, 20]) * GIB, ...(model !== undefined && { model }) };
}

function toRow(sample: Sample, history: Map<string, number[][]>): LiveRow {
  const recent = history.get(sample.server) ?? [];
  history.set(sample.server, [...recent.slice(-4), sample.gpus.map((gpu) => gpu.utilization ?? 0)]);
  const past = history.get(sample.server)!;
  const gpus = sample.gpus.map((gpu, at) =>
    card(gpu.id, {
      gpu_type: modelOf(gpu.memory_total), memory_total: gpu.memory_total, memory_used: gpu.memory_used, utilization: gpu.utilization ?? null,
      utilization_median: median(past.map((one) => one[at] ?? 0)),
      users: [...new Set((gpu.processes ?? []).flatMap((process) => process.user ?? []))],
    }),
  );
  return row(sample.server, gpus, { last_ts: sample.ts, interval_ms: sample.interval_ms, cpu_median: sample.cpu, memory_total: sample.memory_total, memory_used: sample.memory_used });
}

/** Models have their sizes; inventories name them, samples do not. */
function modelOf(bytes: number): string {
  const gib = bytes / GIB;
  if (gib < 13) return 'TITAN Xp';
  if (gib < 23.995) return gib > 23.99 ? 'RTX 4090' : 'RTX 3090';
  return gib < 25 ? 'RTX 3090' : gib < 100 ? 'A100' : 'H200';
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32);
}
