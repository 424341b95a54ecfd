import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SAMPLES_STREAM } from '@vacancy/shared';
import { silentLog } from '../../packages/stream/src/log.js';
import { createStore } from '../../packages/stream/src/store/store.js';
import { startTestEngine, type TestEngine } from '../harness/clickhouse.js';
import { startTestNats, waitFor, type TestNats } from '../harness/nats.js';
import { makeStream, oracle, publish, take } from './store/_samples.js';

// The engine alone is killed, between writing "this token is stored" and making the block visible. The service lives on and sends
// the batch again; the engine drops it as known. Too small a moment to be hit by chance (4 of the 110 file operations of an
// insert), so it is made: the insert runs, one table of the chain loses its block, and the answer never comes.

let engine: TestEngine;
let broker: TestNats;

beforeAll(async () => {
  [engine, broker] = await Promise.all([startTestEngine(), startTestNats()]);
});
afterAll(async () => {
  await broker?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

it.each(['samples', 'servers_minute', 'gpus_minute', 'servers_day', 'gpus_hour'])('a batch whose block %s lost in the crash of the engine alone is mended by the service that lives on', async (table) => {
  const database = `torn_${table}`;
  const nats = await broker.connect();
  await makeStream(nats);
  await using folder = await temporaryFolder();
  const admin = engine.client({ database });
  await using proxy = await breakingProxy(engine.url, () => admin.command({ query: `DELETE FROM ${table} WHERE true` }));
  await using store = createStore({
    clickhouse: { url: proxy.url, username: engine.username, password: engine.password, database }, nats, dataDir: folder.path, log: silentLog, timezone: 'Asia/Kathmandu',
  });
  const list = take(300);
  await publish(nats, list);
  await store.start();
  await waitFor(() => store.status().inserted === list.length, 60_000, 'the batch');
  expect(proxy.broken).toBe(1);
  expect(store.status().repairs).toBeGreaterThan(0);
  const { samples, network_up_total } = oracle(list);
  for (const level of ['servers_by_minute', 'servers_by_hour', 'servers_by_day']) {
    expect(await store.db.rows(`SELECT sum(samples) AS samples, sum(network_up_total) AS network_up_total FROM ${level}`)).toEqual([{ samples, network_up_total }]);
  }
  expect(await store.db.rows('SELECT count() AS samples FROM server_samples')).toEqual([{ samples }]);
  await (await jetstreamManager(nats)).streams.delete(SAMPLES_STREAM);
});

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-torn-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Passes everything on; the first insert of samples is carried out, then torn, and its answer kept back. */
async function breakingProxy(target: string, tear: () => Promise<unknown>): Promise<AsyncDisposable & { readonly url: string; readonly broken: number }> {
  let broken = 0;
  const server: Server = createServer((from, to) => {
    const breaks = broken === 0 && /INSERT INTO samples FORMAT/.test(decodeURIComponent((from.url ?? '').replaceAll('+', ' ')));
    if (breaks) broken++;
    const onward = request(`${target}${from.url}`, { method: from.method!, headers: from.headers }, (answer) => {
      if (!breaks) return void answer.pipe(to.writeHead(answer.statusCode!, answer.headers));
      answer.resume().on('end', () => void tear().finally(() => from.socket.destroy()));
    });
    from.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get broken() {
      return broken;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
