import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClickHouseError } from '@clickhouse/client';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { DAY, HOUR, SAMPLES_STREAM, sampleSubject, systemClock, type Clock, type Sample } from '@vacancy/shared';
import { consume } from '../../../packages/stream/src/ingest/consume.js';
import { decode } from '../../../packages/stream/src/ingest/decode.js';
import { Tail } from '../../../packages/stream/src/ingest/tail.js';
import { silentLog } from '../../../packages/stream/src/log.js';
import type { Database } from '../../../packages/stream/src/store/client.js';
import { rebuild } from '../../../packages/stream/src/store/rebuild.js';
import { createStore, type Store, type StoreOptions } from '../../../packages/stream/src/store/store.js';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { startTestNats, waitFor, type TestNats } from '../../harness/nats.js';
import { makeStream, oracle, publish, take } from './_samples.js';

let engine: TestEngine;
let broker: TestNats;
let nats: NatsConnection;
let dataDir: string;
let count = 0;

beforeAll(async () => {
  [engine, broker] = await Promise.all([startTestEngine(), startTestNats()]);
  nats = await broker.connect();
});
afterAll(async () => {
  await broker[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'vacancy-store-'));
  await makeStream(nats);
  count++;
});
afterEach(async () => {
  await (await jetstreamManager(nats)).streams.delete(SAMPLES_STREAM).catch(() => {});
  await rm(dataDir, { recursive: true, force: true });
});

const open = (options: Partial<StoreOptions> = {}): Store =>
  createStore({ clickhouse: { ...engine, database: `store_${count}` }, nats, dataDir, log: silentLog, timezone: 'Asia/Kathmandu', limits: { messages: 300, age_ms: 200 }, ...options });

/** Every level's sums, which must all be those of the list. */
async function levels(db: Database) {
  const one = async (sql: string) => (await db.rows<Record<string, number>>(sql))[0]!;
  const servers = (table: string) =>
    one(`SELECT sum(samples) AS samples, sum(gpu_samples) AS cards, sum(observed_ms) AS observed_ms, sum(network_up_total) AS network_up_total, sum(network_down_total) AS network_down_total, sum(network_up_known_ms) AS network_up_known_ms FROM ${table}`);
  return {
    raw: await one('SELECT count() AS samples, sum(length(`gpus.id`)) AS cards, sum(interval_ms) AS observed_ms, (SELECT sum(network_up_bytes) FROM server_samples) AS network_up_total, (SELECT sum(network_down_bytes) FROM server_samples) AS network_down_total, (SELECT sum(network_up_known_ms) FROM server_samples) AS network_up_known_ms FROM samples'),
    minute: await servers('servers_minute'),
    hour: await servers('servers_hour'),
    day: await servers('servers_day'),
    gpus: await one('SELECT (SELECT sum(samples) FROM gpus_minute) AS minute, (SELECT sum(samples) FROM gpus_hour) AS hour, (SELECT sum(samples) FROM gpus_day) AS day'),
  };
}

async function expectExactly(store: Store, list: readonly Sample[]): Promise<void> {
  const all = oracle(list);
  const expected = { raw: all, minute: all, hour: all, day: all, gpus: { minute: all.cards, hour: all.cards, day: all.cards } };
  // A block reaches its archives one after the other: look until they agree, then say what does not.
  for (let tries = 0; tries < 60; tries++) {
    if (JSON.stringify(await levels(store.db).catch(() => null)) === JSON.stringify(expected)) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect({ ...(await levels(store.db)), status: store.status() }).toEqual({ ...expected, status: {} });
}

describe('from the stream into the archives', () => {
  it('stores every sample once, however often and in whatever order it comes', async () => {
    const list = take(2000);
    const late = list.splice(500, 300);
    await publish(nats, list);
    await using store = open();
    await store.start();
    await waitFor(() => store.status().inserted === list.length, 30_000, 'first part');
    await publish(nats, [...late.slice(100), ...late.slice(0, 100)]);
    await publish(nats, list.slice(0, 50), { withId: false });
    await waitFor(() => store.status().duplicates === 50, 30_000, 'duplicates seen');
    await expectExactly(store, [...list, ...late]);
    expect(store.status().missing).toEqual({});
  });

  it('sets messages aside with their reason, and goes on', async () => {
    const list = take(100);
    await publish(nats, list.slice(0, 50));
    const { jetstream } = await import('@nats-io/jetstream');
    await jetstream(nats).publish(sampleSubject('gpu001'), 'not a sample');
    await jetstream(nats).publish(sampleSubject('gpu002'), JSON.stringify({ ...list[0], seq: 999 }));
    await publish(nats, list.slice(50));
    await using store = open();
    await store.start();
    await expectExactly(store, list);
    expect(store.status().rejected).toEqual({ not_json: 1, wrong_server: 1 });
    const rows = await store.db.rows('SELECT subject, reason, payload FROM rejected_samples ORDER BY stream_seq LIMIT 1');
    expect(rows).toEqual([{ subject: sampleSubject('gpu001'), reason: 'not_json', payload: 'not a sample' }]);
  });

  it('goes on where it was after a clean stop, and counts what is missing', async () => {
    const list = take(400);
    const lost = list.splice(100, 1)[0]!;
    await publish(nats, list.slice(0, 200));
    {
      await using store = open();
      await store.start();
      await waitFor(() => store.status().inserted === 200, 30_000, 'first run');
    }
    await publish(nats, list.slice(200));
    await using store = open();
    await store.start();
    await expectExactly(store, list);
    expect(store.status()).toMatchObject({ inserted: 199, duplicates: 0, missing: { [lost.server]: 1 } });
  });

  it('stores at a clean stop what it has read', async () => {
    const list = take(50);
    const store = open({ limits: { age_ms: 60_000 } });
    await store.start();
    await publish(nats, list);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await store[Symbol.asyncDispose]();
    expect(store.status().inserted).toBe(50);
  });

  it('waits for an engine that is away, drops nothing and catches up', async () => {
    const list = take(1500);
    await using store = open();
    await store.start();
    await publish(nats, list.slice(0, 500));
    process.kill(engine.engine.pid!, 'SIGSTOP');
    await publish(nats, list.slice(500, 1000));
    const pid = engine.engine.pid!;
    process.kill(pid, 'SIGKILL');
    await publish(nats, list.slice(1000));
    await waitFor(() => engine.engine.ready() && engine.engine.pid !== pid, 30_000, 'engine again');
    await expectExactly(store, list);
  });

  it('begins without a database that takes a connection and says nothing', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const hasty: Clock = { now: systemClock.now, setTimer: (ms, task) => systemClock.setTimer(ms / 50, task) };
    const store = createStore({ clickhouse: { url, request_timeout_ms: 2_000 }, nats, dataDir, log: silentLog }, hasty);
    const started = performance.now();
    await store.start();
    expect(performance.now() - started).toBeLessThan(1_900);
    expect(store.status().ready).toBe(false);
    await waitFor(() => store.status().last_error !== null, 10_000, 'the reason');
    await store[Symbol.asyncDispose]();
    silent.close();
  });

  it('waits for a broker that was killed', async () => {
    const list = take(1000);
    await using store = open();
    await store.start();
    await publish(nats, list.slice(0, 500));
    await broker.kill();
    await broker.start();
    await waitFor(() => publish(nats, list.slice(500)).then(() => true, () => false), 30_000, 'published');
    await expectExactly(store, list);
  });

  it('reads a stream that was made anew from its start, and knows again what it stored', async () => {
    const list = take(600);
    await using store = open();
    await store.start();
    await publish(nats, list.slice(0, 400));
    await waitFor(() => store.status().inserted === 400, 30_000, 'first stream');
    await (await jetstreamManager(nats)).streams.delete(SAMPLES_STREAM);
    await makeStream(nats);
    await publish(nats, list.slice(300));
    await waitFor(() => store.status().duplicates === 100, 30_000, 'second stream');
    await expectExactly(store, list);
  });

  it('takes its position from the rows when the journal is lost, and what it knew of the samples', async () => {
    const list = take(600);
    await publish(nats, list.slice(0, 300));
    {
      await using store = open();
      await store.start();
      await waitFor(() => store.status().inserted === 300, 30_000, 'first run');
    }
    await writeFile(path.join(dataDir, 'batch.journal'), 'torn');
    await publish(nats, list.slice(250), { withId: false });
    await using store = open();
    await store.start();
    await expectExactly(store, list);
    expect(store.status().duplicates).toBe(50);
  });
});

describe('beside a live way that has read it already', () => {
  const live = (tail: Tail) =>
    consume(nats, { stream: SAMPLES_STREAM, from: 'all', onMessage: (message, delivery) => tail.add(message.stream_seq, message.data.length, decode(message), delivery) });
  const consumers = async (): Promise<number> => (await (await jetstreamManager(nats)).streams.info(SAMPLES_STREAM)).state.consumer_count;
  /** Publishes some at a time until the live way's consumer is the only one; returns how many. */
  const untilShared = async (list: readonly Sample[]): Promise<number> => {
    let sent = 0;
    await waitFor(async () => {
      await publish(nats, list.slice(sent, (sent += 10)));
      return (await consumers()) === 1;
    }, 30_000, 'one consumer');
    return sent;
  };

  it('asks the broker for nothing, until the live way is stuck', async () => {
    const list = take(3000);
    const tail = new Tail();
    const reading = await live(tail);
    await using store = open({ tail });
    await store.start();
    await publish(nats, list.slice(0, 400));
    await waitFor(() => store.status().inserted === 400, 30_000, 'first part');
    const shared = 400 + (await untilShared(list.slice(400)));
    await publish(nats, list.slice(shared, shared + 500));
    await waitFor(() => store.status().inserted === shared + 500, 30_000, 'second part');
    expect(await consumers()).toBe(1);
    await reading[Symbol.asyncDispose]();
    await publish(nats, list.slice(shared + 500));
    await expectExactly(store, list);
  });

  it('goes on by itself when the live way has run far ahead, and meets it again', async () => {
    const list = take(3000);
    const tail = new Tail({ messages: 350, bytes: 1e9 });
    await using _reading = await live(tail);
    await using store = open({ tail });
    await store.start();
    await publish(nats, list.slice(0, 300));
    await waitFor(() => store.status().inserted === 300, 30_000, 'first part');
    const pid = engine.engine.pid!;
    process.kill(pid, 'SIGKILL');
    await publish(nats, list.slice(300, 1700));
    await waitFor(() => engine.engine.ready() && engine.engine.pid !== pid, 30_000, 'engine again');
    await waitFor(() => store.status().inserted === 1700, 60_000, 'caught up');
    const shared = 1700 + (await untilShared(list.slice(1700)));
    await expectExactly(store, list.slice(0, shared));
  });

  it('does not take what the live way read from a stream that was made anew for the old one', async () => {
    const list = take(900);
    const tail = new Tail();
    const read = (samples: readonly Sample[], first: number, consumer: string): void =>
      samples.forEach((sample, i) => {
        const data = new TextEncoder().encode(JSON.stringify(sample));
        const message = { subject: sampleSubject(sample.server), data, stream_seq: first + i, received_ts: sample.ts };
        tail.add(first + i, data.length, decode(message), { consumer, delivered: first + i, pending: 0 });
      });
    await publish(nats, list.slice(0, 400));
    read(list.slice(0, 400), 1, 'one');
    // It waits for the next cut for longer than the stream takes to be made anew.
    await using store = open({ tail, limits: { messages: 100, age_ms: 4000 } });
    await store.start();
    await waitFor(() => store.status().inserted === 400, 30_000, 'first stream');
    await (await jetstreamManager(nats)).streams.delete(SAMPLES_STREAM);
    await makeStream(nats);
    await publish(nats, list.slice(300));
    // The live way's consumer went on behind its own last position.
    read(list.slice(700), 401, 'two');
    await expectExactly(store, list);
    expect(store.status().duplicates).toBe(100);
  });
});

describe('beside another service', () => {
  it('one stores, the other waits and goes on where that one ended', async () => {
    const list = take(1000);
    const other = await mkdtemp(path.join(tmpdir(), 'vacancy-store-'));
    const first = open({ shared: true });
    await first.start();
    await using second = open({ shared: true, dataDir: other });
    await second.start();
    expect(second.status()).toMatchObject({ ready: false, last_error: { message: expect.stringContaining(`process ${process.pid}`) as unknown } });
    await publish(nats, list.slice(0, 400));
    await waitFor(() => first.status().inserted === 400, 30_000, 'stored by the first');
    await first[Symbol.asyncDispose]();
    await publish(nats, list.slice(400, 700));
    await waitFor(() => second.status().inserted === 300, 60_000, 'stored by the second');
    await second[Symbol.asyncDispose]();
    // The first one's journal is of before: the database knows better.
    await using again = open({ shared: true });
    await again.start();
    await publish(nats, list.slice(700));
    await expectExactly(again, list);
    expect(again.status()).toMatchObject({ inserted: 300, duplicates: 0 });
    await rm(other, { recursive: true, force: true });
  });

  it('one that was taken for dead steps back, and stores again when its successor has ended', async () => {
    const list = take(600);
    const hasty: Clock = { now: systemClock.now, setTimer: (ms, task) => systemClock.setTimer(ms / 10, task) };
    await using store = createStore({ clickhouse: { ...engine, database: `store_${count}` }, nats, dataDir, log: silentLog, timezone: 'UTC', limits: { age_ms: 2000 }, shared: true }, hasty);
    await store.start();
    await publish(nats, list.slice(0, 300));
    await waitFor(() => store.status().inserted === 300, 30_000, 'stored');
    const [server] = await store.db.rows<{ id: string }>('SELECT toString(serverUUID()) AS id');
    const successor = nats.subscribe(`vacancy.v1.storing.${server!.id}-store_${count}`, {
      callback: (_, message) => void message.respond(JSON.stringify({ id: 'x', who: 'another one', since: Date.now() + 1000 })),
    });
    await waitFor(() => !store.status().ready, 30_000, 'stepped back');
    await publish(nats, list.slice(300));
    await waitFor(() => store.status().last_error?.message.includes('another one') ?? false, 30_000, 'waiting');
    expect(store.status().inserted).toBe(300);
    successor.unsubscribe();
    await expectExactly(store, list);
  });
});

describe('after an unclean stop', () => {
  const tables = [
    'samples', 'servers_minute', 'servers_hour', 'servers_day', 'gpus_minute', 'gpus_hour', 'gpus_day', 'network_corrections',
  ];
  it.each(tables)('mends a block that %s never got though its token was kept', async (table) => {
    await mendsAfter(take(900), [300, 400], (db, last) => lose(db, table, last));
  });

  // Index analysis can pass over a block that has nothing else of its day (see `during`).
  it.each(tables)('mends a block of %s that begins in the last second of a local day', async (table) => {
    const midnight = Math.floor((Date.now() - HOUR + 5.75 * HOUR) / DAY) * DAY - 5.75 * HOUR;
    const list = take(900, { start: midnight - 900, interval_ms: 100 });
    await mendsAfter(list, [10, 35], (db, last) => lose(db, table, last, `toUnixTimestamp(${table === 'network_corrections' ? 'ts' : 'bucket'}) < ${midnight / 1000}`));
  });

  it('mends minutes that are wrong only in what was received, as without corrections of a server that sends nothing', async () => {
    const list = take(900).map((sample) => ({ ...sample, network_out: 0 }));
    await mendsAfter(list, [300, 400], (db) =>
      db.command("ALTER TABLE servers_minute UPDATE network_down_total = network_down_total + 5 WHERE server = (SELECT min(server) FROM samples) SETTINGS mutations_sync = 2"));
  });

  it('finishes a rebuild that was cut off when the old rows were out and the new ones not yet in', async () => {
    const list = take(900);
    await publish(nats, list);
    {
      await using store = open({ limits: { messages: 5000, age_ms: 200 } });
      await store.start();
      await waitFor(() => store.status().inserted === list.length, 30_000, 'stored');
      const killed: Database = {
        ...store.db, name: store.db.name, rows: (...query) => store.db.rows(...query),
        command: (sql, ...rest) => (/^ALTER TABLE servers_hour ATTACH/.test(sql) ? Promise.reject(new ClickHouseError({ message: 'killed', code: '394', type: 'QUERY_WAS_CANCELLED' })) : store.db.command(sql, ...rest)),
      };
      await expect(rebuild(killed, store.settings, {}, () => {})).rejects.toThrow('killed');
      expect(await store.db.rows('SELECT sum(samples) AS samples FROM servers_hour')).toEqual([{ samples: 0 }]);
    }
    await using store = open();
    await store.start();
    await expectExactly(store, list);
    expect(await store.db.rows("SELECT name FROM system.tables WHERE match(name, '_remade') AND database = {db:String}", { db: store.db.name })).toEqual([]);
  });

  /** Stores a list whose part from `from` to `to` comes late, lets go of what `lose` says, and starts again as after a kill. */
  async function mendsAfter(list: Sample[], [from, to]: [number, number], lose: (db: Database, last: number) => Promise<unknown>): Promise<void> {
    const late = list.splice(from, to - from);
    await publish(nats, list);
    {
      await using store = open({ limits: { messages: 5000, age_ms: 200 } });
      await store.start();
      await waitFor(() => store.status().inserted === list.length, 30_000, 'stored');
      await publish(nats, late);
      await waitFor(() => store.status().inserted === list.length + late.length, 30_000, 'stored late');
      await lose(store.db, store.status().position!.seq);
    }
    await rm(path.join(dataDir, 'batch.clean'));
    await using store = open();
    await store.start();
    expect(store.status().repairs).toBeGreaterThan(0);
    await expectExactly(store, [...list, ...late]);
  }

  /** What a kill between the deduplication log and the part's rename leaves: the token, and no block. */
  const lose = (db: Database, table: string, last: number, ofArchive = 'true'): Promise<unknown> =>
    table === 'samples' ? db.command('DELETE FROM samples WHERE batch = {last:UInt64}', { last }) : db.command(`DELETE FROM ${table} WHERE ${ofArchive}`);
});
