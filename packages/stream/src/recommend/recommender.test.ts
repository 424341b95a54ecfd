import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { GIB, ManualClock, MINUTE, SECOND, type LiveRow, type Wish } from '@vacancy/shared';
import { answerErrors } from '../http/errors.js';
import { silentLog } from '../log.js';
import { NOW, card, row } from './fixture.js';
import type { Keeper } from '../keeper.js';
import type { RecommendationStore } from './log-store.js';
import { createRecommender, type RecommenderOptions } from './recommender.js';
import { recommendRoutes } from './routes.js';
import { noSteadiness } from './steadiness.js';

const memory = <T>(): Keeper<T> & { state: T | null } => ({
  state: null,
  async load() {
    return this.state;
  },
  async save(state) {
    this.state = structuredClone(state);
  },
});
const store: RecommendationStore = { insert: async () => {}, retryable: () => true, pending: async () => [], hits: async () => [] };

async function start(over: Partial<RecommenderOptions> = {}) {
  const clock = new ManualClock(NOW);
  const told: Wish[] = [];
  let made: LiveRow[] = [row('a', [card(0), card(1)]), row('b', [card(0, { memory_total: 48 * GIB })])];
  const options: RecommenderOptions = {
    rows: () => made.map((one) => ({ ...one, last_ts: clock.now() })),
    log: silentLog, store, steadiness: noSteadiness,
    deliver: async (_target, wish) => void told.push(wish),
    holdKeeper: memory(), wishKeeper: memory(),
    ...over,
  };
  const recommender = await createRecommender(options, clock);
  const servers = () => {
    const answer = recommender.answer({});
    return answer.ok ? answer.value.servers.map((one) => one.server) : [];
  };
  return { clock, told, options, recommender, servers, setRows: (next: LiveRow[]) => (made = next) };
}
const settled = () => new Promise((done) => setImmediate(done));

describe('holds', () => {
  it('take a card from the next answer at once, and give it back when they end', async () => {
    const { recommender, servers, clock } = await start();
    expect(servers()).toEqual(['b', 'a']);
    await recommender.hold({ server: 'b', gpus: [0], by: 'alice' });
    expect(servers()).toEqual(['a']);
    expect(recommender.held('b', 0)).toMatchObject({ by: 'alice', until: NOW + 10 * MINUTE });
    clock.advance(10 * MINUTE);
    expect(servers()).toEqual(['b', 'a']);
    expect(recommender.holds()).toEqual([]);
  });
  it('survive a restart', async () => {
    const { recommender, options, clock } = await start();
    const held = await recommender.hold({ server: 'b', gpus: [0], by: 'alice' });
    await recommender[Symbol.asyncDispose]();
    const again = await createRecommender(options, clock);
    expect(held).toMatchObject({ ok: true, value: again.holds()[0] });
  });
  it("end when the holder's process appears", async () => {
    const { recommender, setRows, clock } = await start();
    await recommender.hold({ server: 'a', gpus: [0], by: 'alice' });
    setRows([row('a', [card(0, { users: ['alice'] }), card(1)])]);
    clock.advance(SECOND);
    expect(recommender.holds()).toEqual([]);
  });
});

it('stops within five seconds though the database hangs', async () => {
  const { recommender, clock } = await start({ store: { ...store, insert: () => new Promise(() => {}) } });
  recommender.answer({});
  const stopped = recommender[Symbol.asyncDispose]();
  await settled();
  clock.advance(5 * SECOND);
  await stopped;
});

describe('wishes', () => {
  const wish = { gpus: 1, memory: '40G', by: 'alice' };
  const full = row('b', [card(0, { memory_total: 48 * GIB, memory_free: GIB })]);
  const free = row('b', [card(0, { memory_total: 48 * GIB })]);

  it('come true once, after thirty seconds without a break', async () => {
    const { recommender, setRows, clock, told } = await start();
    setRows([full]);
    await recommender.wish(wish);
    setRows([free]);
    clock.advance(20 * SECOND);
    setRows([full]);
    clock.advance(SECOND);
    setRows([free]);
    clock.advance(30 * SECOND);
    expect(told).toEqual([]);
    clock.advance(SECOND);
    await settled();
    clock.advance(5 * MINUTE);
    await settled();
    expect(told).toMatchObject([{ by: 'alice', state: 'granted', granted: { server: 'b', cuda_visible_devices: '0' } }]);
    expect(recommender.wishes()).toMatchObject([{ state: 'granted', delivery: 'sent' }]);
  });
  it('that were told before a restart are not told again', async () => {
    const { recommender, options, clock, told } = await start();
    await recommender.wish(wish);
    clock.advance(31 * SECOND);
    await settled();
    await recommender[Symbol.asyncDispose]();
    await using again = await createRecommender(options, clock);
    clock.advance(5 * MINUTE);
    expect(told).toHaveLength(1);
    expect(again.wishes()).toMatchObject([{ state: 'granted' }]);
  });
  it('that hold their cards are not granted two to a card', async () => {
    const { recommender, clock, told } = await start();
    await recommender.wish({ ...wish, hold_minutes: 5 });
    await recommender.wish({ ...wish, by: 'bob', hold_minutes: 5 });
    clock.advance(40 * SECOND);
    await settled();
    expect(told.map((one) => one.by)).toEqual(['alice']);
    expect(recommender.holds()).toMatchObject([{ by: 'alice', server: 'b', gpus: [0] }]);
  });
  it('are told to one after the other: each has two minutes to take the card', async () => {
    const { recommender, clock, told } = await start();
    await recommender.wish(wish);
    await recommender.wish({ ...wish, by: 'bob' });
    clock.advance(31 * SECOND);
    await settled();
    expect(told.map((one) => one.by)).toEqual(['alice']);
    clock.advance(2 * MINUTE);
    await settled();
    expect(told.map((one) => one.by)).toEqual(['alice', 'bob']);
  });
  it('are not told of a card that was taken in the meantime', async () => {
    const { recommender, setRows, clock, told } = await start();
    await recommender.wish(wish);
    await recommender.wish({ ...wish, by: 'bob' });
    clock.advance(31 * SECOND);
    setRows([full]);
    clock.advance(10 * MINUTE);
    await settled();
    expect(told.map((one) => one.by)).toEqual(['alice']);
  });
  it('are told again only where nobody can have heard it', async () => {
    let tries = 0;
    const failing = (retryable: boolean) => () => Promise.reject(Object.assign(new Error('no route'), { retryable, tries: ++tries }));
    const lost = await start({ deliver: failing(false) });
    await lost.recommender.wish(wish);
    for (let second = 0; second < 600; second += 10) {
      lost.clock.advance(10 * SECOND);
      await settled();
    }
    expect(tries).toBe(1);
    const away = await start({ deliver: () => (++tries < 4 ? failing(true)() : Promise.resolve()) });
    await away.recommender.wish(wish);
    for (let second = 0; second < 600; second += 10) {
      away.clock.advance(10 * SECOND);
      await settled();
    }
    expect(away.recommender.wishes()).toMatchObject([{ state: 'granted', delivery: 'sent' }]);
  });
  it('do not keep the service from stopping while they wait for the next try', async () => {
    const { recommender, clock } = await start({ deliver: () => Promise.reject(Object.assign(new Error('no route'), { retryable: true })) });
    await recommender.wish(wish);
    clock.advance(31 * SECOND);
    await settled();
    await recommender[Symbol.asyncDispose]();
    expect(recommender.wishes()).toMatchObject([{ delivery: 'failed' }]);
  });
  it('say when they could not be told', async () => {
    const { recommender, clock } = await start({ deliver: () => Promise.reject(new Error('no route')) });
    await recommender.wish(wish);
    clock.advance(40 * SECOND);
    await settled();
    expect(recommender.wishes()).toMatchObject([{ state: 'granted', delivery: 'failed' }]);
  });
});

describe('the routes', () => {
  async function served() {
    const { recommender, clock } = await start();
    const app = Fastify();
    answerErrors(app);
    recommendRoutes(app, recommender, clock);
    const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => {
      const answer = await app.inject({ method, url, ...(payload && { payload }) });
      return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
    };
    return { call };
  }
  it('recommend, with why not', async () => {
    const { call } = await served();
    expect(await call('GET', '/recommend?gpus=2&memory=8GiB&limit=3')).toMatchObject({
      status: 200,
      body: { servers: [{ server: 'a', cuda_visible_devices: '0,1' }], rejected: [{ server: 'b', code: 'too_few_cards', reason: 'too few cards: 1 of 2', params: { wanted: 2, have: 1 } }] },
    });
  });
  it('refuse what they cannot read with a code and a sentence', async () => {
    const { call } = await served();
    expect(await call('GET', '/recommend?memory=lots')).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } });
    expect(await call('GET', '/recommend?gpus=-1')).toMatchObject({ status: 400, body: { error: { code: 'bad_request' } } });
    expect(await call('POST', '/holds', { server: 'b' })).toMatchObject({ status: 400 });
    expect(await call('GET', '/recommend/hits?from=2&to=1')).toMatchObject({ status: 400 });
  });
  it('hold, refuse a second hold, release', async () => {
    const { call } = await served();
    const held = await call('POST', '/holds', { server: 'b', gpus: [0], by: 'alice', minutes: 5 });
    expect(held).toMatchObject({ status: 201, body: { server: 'b', gpus: [0], by: 'alice', until: NOW + 5 * MINUTE } });
    expect(held.body).not.toHaveProperty('already_on');
    expect(await call('POST', '/holds', { server: 'b', gpus: [0], by: 'bob' })).toMatchObject({ status: 409, body: { error: { code: 'held' } } });
    expect(await call('GET', '/holds')).toMatchObject({ body: { holds: [{ by: 'alice' }] } });
    expect(await call('DELETE', `/holds/${String(held.body['id'])}`)).toMatchObject({ status: 200 });
    expect(await call('DELETE', `/holds/${String(held.body['id'])}`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  });
  it('wish and take back', async () => {
    const { call } = await served();
    const made = await call('POST', '/wishes', { gpus: 1, memory: '40G', by: 'alice', notify: 'https://hooks.example.org/secret' });
    expect(made).toMatchObject({ status: 201, body: { state: 'waiting', notify: 'webhook', model: null } });
    expect(made.body).not.toHaveProperty('target');
    expect(await call('POST', '/wishes', { gpus: 1, memory: '40G', by: 'alice', notify: 'http://127.0.0.1:8123/' })).toMatchObject({ status: 400, body: { error: { code: 'bad_target' } } });
    expect(await call('POST', '/wishes', { gpus: 1, memory: '40G', by: 'alice', notify: 'alice@example.org' })).toMatchObject({ status: 400, body: { error: { code: 'no_mail_server' } } });
    expect(await call('DELETE', `/wishes/${String(made.body['id'])}`)).toMatchObject({ status: 200 });
    expect(await call('GET', '/wishes')).toMatchObject({ body: { wishes: [] } });
  });
  it('count hits', async () => {
    const { call } = await served();
    expect(await call('GET', '/recommend/hits')).toMatchObject({ status: 200, body: { hours: [], total: { asked: 0, hit_rate: null } } });
  });
});

describe('the log of answers', () => {
  it('counts a page that asks the same every second once a minute, and a changed answer at once', async () => {
    const asked: string[] = [];
    const { recommender, clock, setRows } = await start({
      store: { ...store, insert: async (batch) => void (batch.table === 'recommendations' && asked.push(...batch.rows.map(() => 'asked'))) },
    });
    const ask = async () => {
      recommender.answer({ gpus: 1 });
      clock.advance(SECOND);
      await settled();
    };
    for (let second = 0; second < 59; second++) await ask();
    expect(asked).toHaveLength(1);
    setRows([row('c', [card(0, { memory_total: 96 * GIB })])]);
    await ask();
    await ask();
    expect(asked).toHaveLength(2);
    setRows([row('d', [card(0, { memory_total: 97 * GIB })])]);
    recommender.answer({ gpus: 1, refresh: true });
    clock.advance(SECOND);
    await settled();
    expect(asked).toHaveLength(2);
  });
});
