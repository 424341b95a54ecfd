import type { Candidate, LiveRow, Recommendation } from '@vacancy/shared';
import type { Log } from '../log.js';
import { MAX_PENDING, type RecommendationStore } from './log-store.js';
import { Outbox } from './outbox.js';
import { cardOf, dueAt, judge, toPending, type Outcome, type Pending } from './outcome.js';
import type { CardRequest } from './request.js';

export interface LogStatus {
  /** Rows that wait for the database, rows refused because too many did, recommendations not judged yet. */
  readonly waiting: number;
  readonly dropped: number;
  readonly pending: number;
  readonly failing: boolean;
}

export interface RecommendationLogOptions {
  readonly store: RecommendationStore;
  readonly log: Log;
  /** Rows that may wait for the database. */
  readonly capacity?: number;
}

const TABLES = ['recommendations', 'recommendation_outcomes'] as const;

/**
 * Writes down what was recommended and, ten minutes later, what had become of it: one outcome each.
 *
 * Nothing here is waited for by an answer. What waits for the database waits in memory, up to `capacity` rows; then new
 * ones are refused and counted. A recommendation that could not be kept is not judged either. Those that an earlier run
 * of the service had not judged are read back once the database answers.
 */
export class RecommendationLog {
  readonly #outbox: Outbox<(typeof TABLES)[number]>;
  readonly #pending = new Map<string, Pending>();
  readonly #store: RecommendationStore;
  readonly #log: Log;
  readonly #started: number;
  #recovery: 'due' | 'running' | 'done' = 'due';
  #told = { failing: false, dropped: 0 };

  constructor({ store, log, capacity = 10_000 }: RecommendationLogOptions, now: number) {
    this.#store = store;
    this.#log = log;
    this.#started = now;
    this.#outbox = new Outbox(TABLES, { insert: (batch) => store.insert(batch), retryable: (error) => store.retryable(error), capacity, batch_rows: 1000 });
  }

  status(): LogStatus {
    return { waiting: this.#outbox.waiting, dropped: this.#outbox.dropped, pending: this.#pending.size, failing: this.#outbox.failure !== null };
  }

  answered(id: string, request: CardRequest, asked_by: string, answer: Recommendation, row: LiveRow | undefined): void {
    const first = answer.servers[0];
    const pending = first && row && first.gpus.length > 0 ? toPending(id, request, asked_by, first, row, answer.ts) : null;
    const kept = this.#outbox.add('recommendations', id, toLogRow(id, request, asked_by, answer, first, row, pending));
    if (kept && pending && this.#pending.size < MAX_PENDING) this.#pending.set(id, pending);
  }

  /** Judges what is due and sends what waits. Call it every second or so; it returns at once. */
  tick(rows: ReadonlyMap<string, LiveRow>, now: number): void {
    if (this.#recovery === 'due') void this.#recover();
    for (const pending of this.#pending.values()) {
      if (dueAt(pending) <= now) this.#judge(pending, rows.get(pending.server), now);
    }
    void this.flush();
  }

  async flush(): Promise<void> {
    await this.#outbox.flush();
    this.#tell();
  }

  /** An outcome that finds no room stays pending: it is tried again, and a minute later it is `unknown`. */
  #judge(pending: Pending, row: LiveRow | undefined, now: number): void {
    const outcome = judge(pending, row, now, this.#started);
    if (outcome === null) return;
    if (this.#outbox.add('recommendation_outcomes', pending.id, toOutcomeRow(pending, outcome, row, now))) this.#pending.delete(pending.id);
  }

  async #recover(): Promise<void> {
    this.#recovery = 'running';
    try {
      for (const pending of await this.#store.pending(this.#started)) this.#pending.set(pending.id, pending);
      this.#recovery = 'done';
    } catch {
      // The outbox meets the same database and says so; the next tick tries again.
      this.#recovery = 'due';
    }
  }

  #tell(): void {
    const { failing, dropped, waiting } = this.status();
    if (failing && !this.#told.failing) this.#log.warn({ err: this.#outbox.failure, waiting }, 'recommendations cannot be stored, they wait in memory');
    if (!failing && this.#told.failing) this.#log.info({ dropped }, 'recommendations are stored again');
    if (dropped > 0 && this.#told.dropped === 0) this.#log.error({ waiting }, 'recommendations are lost: too many wait for the database');
    this.#told = { failing, dropped: failing ? dropped : 0 };
  }
}

function toLogRow(id: string, request: CardRequest, asked_by: string, answer: Recommendation, first: Candidate | undefined, row: LiveRow | undefined, pending: Pending | null): object {
  const gpus = first?.gpus ?? [];
  return {
    id, ts: answer.ts, asked_by, gpus: request.gpus, memory: request.memory, ordering: request.order, model: request.model ?? '', location: request.location ?? '',
    excluded: [...request.exclude], cpu_free: request.cpu_free ?? null, memory_free: request.memory_free ?? null,
    answered: answer.servers.map((one) => one.server), rejected: answer.rejected.length, server: first?.server ?? '',
    'cards.id': gpus.map((card) => card.id),
    'cards.memory_total': gpus.map((card) => (row && cardOf(row, card.id)?.memory_total) ?? 0),
    'cards.memory_free': gpus.map((card) => card.memory_free),
    'cards.utilization_median': gpus.map((card) => card.utilization_median),
    'cards.users': gpus.map((card) => (row && cardOf(row, card.id)?.users) ?? []),
    'cards.promised': pending ? pending.cards.map((card) => card.promised) : gpus.map(() => 0),
    cpu_median: row?.windows['5m'].cpu_median ?? null, last_ts: first?.last_ts ?? null, steadiness: first?.steadiness ?? null,
  };
}

function toOutcomeRow(pending: Pending, outcome: Outcome, row: LiveRow | undefined, now: number): object {
  const cards = outcome === 'unknown' || outcome === 'gone' ? [] : pending.cards.flatMap((card) => (row && cardOf(row, card.id)) ?? []);
  return {
    id: pending.id, asked_ts: pending.asked_ts, ts: now, outcome, ordering: pending.ordering, server: pending.server, steadiness: pending.steadiness,
    'cards.id': cards.map((card) => card.id),
    'cards.memory_free': cards.map((card) => card.memory_free),
    'cards.users': cards.map((card) => card.users),
  };
}
