import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND, type LiveRow } from '@vacancy/shared';
import { silentLog } from '../log.js';
import { NOW, card, row } from './fixture.js';
import { RecommendationLog } from './log.js';
import { totalHits, type RecommendationStore } from './log-store.js';
import type { Batch } from './outbox.js';
import type { Pending } from './outcome.js';
import { recommend } from './rank.js';
import { LIKE_SERVER } from './request.js';

/** A database in memory that behaves as the engine does: a token it has seen is dropped; it can be away, or refuse. */
class Store implements RecommendationStore {
  away = false;
  refuse = false;
  readonly seen = new Map<string, Batch>();
  unjudged: Pending[] = [];
  async insert(batch: Batch) {
    if (this.away || this.refuse) throw new Error('away');
    if (!this.seen.has(batch.token)) this.seen.set(batch.token, batch);
  }
  retryable() {
    return !this.refuse;
  }
  async pending() {
    if (this.away) throw new Error('away');
    return this.unjudged;
  }
  async hits() {
    return [];
  }
  rows(table: string): Record<string, unknown>[] {
    return [...this.seen.values()].filter((batch) => batch.table === table).flatMap((batch) => batch.rows as Record<string, unknown>[]);
  }
}

const fleet = (now: number, over = {}) => new Map([['a', row('a', [card(0, over)], { last_ts: now })]]);
const ask = (log: RecommendationLog, id: string, now = NOW, rows: Map<string, LiveRow> = fleet(now)) =>
  log.answered(id, LIKE_SERVER, 'alice', recommend(rows.values(), LIKE_SERVER, now), rows.get('a'));
const create = (store: Store, capacity?: number) => new RecommendationLog({ store, log: silentLog, ...(capacity !== undefined && { capacity }) }, NOW);
const settle = async (log: RecommendationLog, rows: Map<string, LiveRow>, now: number) => {
  log.tick(rows, now);
  await log.flush();
};

describe('the log of recommendations', () => {
  it('keeps what was asked, answered and true, and judges it once, ten minutes later', async () => {
    const store = new Store();
    const log = create(store);
    ask(log, 'r1');
    await settle(log, fleet(NOW), NOW + 10 * MINUTE - 1);
    expect(store.rows('recommendations')).toMatchObject([{ id: 'r1', ts: NOW, asked_by: 'alice', server: 'a', answered: ['a'], 'cards.id': [0], 'cards.users': [[]] }]);
    expect(store.rows('recommendation_outcomes')).toEqual([]);
    for (const ms of [0, 1, 2]) await settle(log, fleet(NOW + 10 * MINUTE, { memory_free: 0, users: ['bob'] }), NOW + 10 * MINUTE + ms * SECOND);
    expect(store.rows('recommendation_outcomes')).toMatchObject([{ id: 'r1', asked_ts: NOW, ts: NOW + 10 * MINUTE, outcome: 'taken_by_other', 'cards.users': [['bob']] }]);
  });
  it('records a question that nothing fitted and judges nothing', async () => {
    const store = new Store();
    const log = create(store);
    ask(log, 'r1', NOW, new Map());
    await settle(log, fleet(NOW), NOW + 10 * MINUTE);
    expect(store.rows('recommendations')).toMatchObject([{ server: '', answered: [] }]);
    expect(store.rows('recommendation_outcomes')).toEqual([]);
  });
  it('loses nothing while the database is away, and writes the question before its outcome', async () => {
    const store = new Store();
    store.away = true;
    const log = create(store);
    ask(log, 'r1');
    await settle(log, fleet(NOW), NOW + SECOND);
    expect(log.status()).toMatchObject({ waiting: 1, failing: true, dropped: 0 });
    await settle(log, fleet(NOW + 10 * MINUTE), NOW + 10 * MINUTE);
    store.away = false;
    await settle(log, fleet(NOW), NOW + 11 * MINUTE);
    expect([...store.seen.values()].map((batch) => batch.table)).toEqual(['recommendations', 'recommendation_outcomes']);
    expect(log.status()).toMatchObject({ waiting: 0, failing: false, dropped: 0 });
  });
  it('retries the same batch under the same token, whatever came since', async () => {
    const store = new Store();
    const tokens: string[] = [];
    const insert = store.insert.bind(store);
    store.insert = async (batch) => {
      tokens.push(`${batch.token} ${batch.rows.length}`);
      if (tokens.length === 1) throw new Error('answer lost');
      return insert(batch);
    };
    const log = create(store);
    ask(log, 'r1');
    await log.flush();
    ask(log, 'r2');
    await log.flush();
    expect(tokens).toEqual(['recommendations:r1:1 1', 'recommendations:r1:1 1', 'recommendations:r2:1 1']);
  });
  it('refuses and counts what exceeds its bound, and does not judge it', async () => {
    const store = new Store();
    store.away = true;
    const log = create(store, 2);
    for (const id of ['r1', 'r2', 'r3']) ask(log, id);
    expect(log.status()).toMatchObject({ waiting: 2, dropped: 1, pending: 2 });
  });
  it('drops and counts a batch that the database will never take', async () => {
    const store = new Store();
    const log = create(store);
    store.refuse = true;
    ask(log, 'r1');
    await log.flush();
    store.refuse = false;
    ask(log, 'r2');
    await log.flush();
    expect(log.status()).toMatchObject({ waiting: 0, dropped: 1 });
    expect(store.rows('recommendations')).toMatchObject([{ id: 'r2' }]);
  });
  it('judges what an earlier run had not, and calls unknown what fell due while nobody watched', async () => {
    const store = new Store();
    const left = (id: string, asked_ts: number): Pending => ({ id, asked_ts, asked_by: '', ordering: 'plain', server: 'a', steadiness: null, cards: [{ id: 0, promised: 1, users: [] }] });
    store.unjudged = [left('old', NOW - 60 * MINUTE), left('new', NOW - MINUTE)];
    store.away = true;
    const log = create(store);
    await settle(log, fleet(NOW), NOW);
    store.away = false;
    await settle(log, fleet(NOW), NOW + SECOND);
    await settle(log, fleet(NOW), NOW + 2 * SECOND);
    expect(store.rows('recommendation_outcomes')).toMatchObject([{ id: 'old', outcome: 'unknown' }]);
    await settle(log, fleet(NOW + 9 * MINUTE), NOW + 9 * MINUTE);
    expect(store.rows('recommendation_outcomes')).toMatchObject([{ id: 'old' }, { id: 'new', outcome: 'still_free' }]);
  });
});

it('a rate counts only what was judged', () => {
  const hour = { ts: 0, asked: 10, still_free: 4, taken_by_asker: 2, taken_by_other: 1, gone: 1, unknown: 2, hit_rate: 0.75 };
  expect(totalHits([hour, hour])).toEqual({ asked: 20, still_free: 8, taken_by_asker: 4, taken_by_other: 2, gone: 2, unknown: 4, hit_rate: 0.75 });
  expect(totalHits([]).hit_rate).toBeNull();
});
