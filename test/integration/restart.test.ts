import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { GIB, SECOND, messageId, sampleSubject, type LiveRow, type Overview, type Sample } from '@vacancy/shared';
import { freePort, startTestNats, waitFor, type TestNats } from '../harness/nats.js';
import { random } from './reports/fleet.js';

// A service is killed at a random moment and started again beside a twin that is left alone. Neither has a database: an address
// where nobody listens stands for one that is away, which the screen must not notice.

const SERVERS = 8;
const HISTORY_S = 3900; // the longest window, and what has left it
const LIVE_S = 8;
const MAIN = fileURLToPath(new URL('../../packages/stream/src/main.ts', import.meta.url));

let nats: TestNats;
let folder: string;
const running = new Set<ChildProcess>();

beforeEach(async () => {
  nats = await startTestNats();
  folder = await mkdtemp(path.join(tmpdir(), 'vacancy-restart-'));
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  await nats[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const seed = Number(process.env['VACANCY_TEST_SEED'] ?? Date.now() % 1_000_000);

it(`after a restart every window and row is that of an uninterrupted twin (seed ${seed})`, { timeout: 240_000 }, async () => {
  const r = random(seed);
  const [killed, twin] = await Promise.all([service('killed'), service('twin')]);
  await Promise.all([killed.start(), twin.start()]);
  await waitFor(async () => (await killed.warm()) && (await twin.warm()), 60_000, 'both services');

  const connection = await nats.connect();
  const history = pastOf(r);
  const at = Math.floor(history.length * (0.2 + 0.8 * r()));
  await publish(connection, history.slice(0, at));
  await killed.kill();
  await publish(connection, history.slice(at));

  const answers = killed.watchWarmingUp();
  await killed.start();
  let published = history.length;
  for (let second = 0; second < LIVE_S || !(await killed.warm()); second++) published += await publishNow(connection, r);

  // What was answered while the windows were being rebuilt said so, and there was such an answer.
  const warming = await answers;
  expect(warming.at(0)).toBe(true);
  expect(warming.at(-1)).toBe(false);
  expect(warming.indexOf(false)).toBe(warming.length - 1);

  await waitFor(async () => (await killed.received()) === published && (await twin.received()) === published, 60_000, 'all samples read');
  // The clock moves windows at each service's own ticks: look until both were asked between two moves.
  await expect
    .poll(async () => differences(...(await Promise.all([killed.rows(), twin.rows()]))), { timeout: 60_000, interval: 97 })
    .toEqual([]);
  const rows = await twin.rows();
  expect(rows).toHaveLength(SERVERS);
  expect(rows.find(({ server }) => server === 's0')).toMatchObject({ online: false });
  for (const { windows } of rows.slice(1)) expect(windows['60m'].coverage).toBeGreaterThan(0.5);
  await expect.poll(async () => differences(...(await Promise.all([killed.overview(), twin.overview()]))), { timeout: 60_000, interval: 97 }).toEqual([]);
});

it('a server that has been silent for longer than the broker keeps samples is still shown after a restart, with its last values and since when', { timeout: 120_000 }, async () => {
  const one = await service('one');
  await one.start();
  await waitFor(() => one.warm(), 60_000, 'the service');
  const last = reading(2, 5, Date.now() - SECOND, random(1));
  await publish(await nats.connect(), [last]);
  await waitFor(async () => (await one.rows()).some(({ offline_since }) => offline_since !== null), 20_000, 'the silence');
  const values = async () => (await one.rows()).map(({ server, online, offline_since, last_ts, cpu, memory_used, hdd_rate, user_num, gpus }) => (
    { server, online, offline_since, last_ts, cpu, memory_used, hdd_rate, user_num, held: gpus.map((gpu) => gpu.memory_used) }));
  const before = await values();
  await new Promise((resolve) => setTimeout(resolve, SECOND));
  await one.kill();

  // A broker that knows nothing of it any more.
  await nats[Symbol.asyncDispose]();
  nats = await startTestNats();
  await one.start();
  await waitFor(() => one.warm(), 60_000, 'the service again');
  expect(await values()).toEqual(before);
  expect(before).toMatchObject([{ server: 's2', online: false, cpu: last.cpu, last_ts: last.ts }]);

  // And when it speaks again, that counts.
  await publish(await nats.connect(), [{ ...last, seq: 6, ts: Date.now(), cpu: 77 }]);
  await waitFor(async () => (await one.rows())[0]!.online, 20_000, 'its return');
  expect((await one.rows())[0]).toMatchObject({ cpu: 77 });
});

/**
 * An hour and more of a small fleet, second by second and server by server: some samples come twice, some a few seconds late, some
 * too late for the windows, one server reboots and one falls silent at the end.
 */
function pastOf(r: () => number): Sample[] {
  const end = Math.floor(Date.now() / SECOND) * SECOND;
  const samples: Sample[] = [];
  for (let second = 0; second < HISTORY_S; second++) {
    for (let server = 0; server < SERVERS; server++) {
      const one = reading(server, second, end - (HISTORY_S - second) * SECOND, r);
      if (r() < 0.01) continue;
      const back = r() < 0.02 ? Math.floor(r() * 40 * SERVERS) : 0;
      samples.splice(samples.length - Math.min(back, samples.length), 0, one);
      if (r() < 0.01) samples.push(one);
    }
  }
  return samples;
}

function reading(server: number, second: number, ts: number, r: () => number): Sample {
  const rebooted = server === 1 && second > 2000;
  return {
    v: 1, server: `s${server}`, boot_id: rebooted ? 'second' : 'first', seq: second, ts, interval_ms: SECOND, uptime_s: rebooted ? second - 2000 : second,
    cpu: Math.floor(r() * 1000) / 10, memory_total: 64 * GIB, memory_used: Math.floor(r() * 64 * GIB), hdd_total: 1e12, hdd_used: Math.floor(r() * 1e12),
    network_in: (rebooted ? second - 2000 : second) * 1000 + Math.floor(r() * 1000), network_out: second * 500, user_num: server, users: [`u${server % 3}`],
    gpus: Array.from({ length: server % 3 }, (_, id) => ({
      id, memory_total: 24 * GIB, memory_used: Math.floor(r() * 24 * GIB), utilization: Math.floor(r() * 101),
      processes: [{ pid: 1, user: `u${(server + id) % 4}`, memory_used: GIB }],
    })),
  };
}

/** The second that has just passed, of all servers but the silent one; ends with that second. */
async function publishNow(connection: NatsConnection, r: () => number): Promise<number> {
  const start = Math.floor(Date.now() / SECOND) * SECOND;
  const samples = Array.from({ length: SERVERS - 1 }, (_, i) => reading(i + 1, HISTORY_S + Math.floor(start / SECOND) % 1e6, start, r));
  await publish(connection, samples);
  await new Promise((resolve) => setTimeout(resolve, start + SECOND - Date.now()));
  return samples.length;
}

/** Copies get ids of their own, so that the broker keeps them: what it does when its duplicate window has passed. */
let copies = 0;
async function publish(connection: NatsConnection, samples: readonly Sample[]): Promise<void> {
  const js = jetstream(connection);
  for (let i = 0; i < samples.length; i += 500) {
    await Promise.all(samples.slice(i, i + 500).map((one) => js.publish(sampleSubject(one.server), JSON.stringify(one), { msgID: `${messageId(one)}:${copies++}`, timeout: 30_000, retries: 5 })));
  }
}

async function service(name: string) {
  const port = await freePort();
  const nobody = await freePort();
  const env = {
    ...process.env, VACANCY_PORT: String(port), VACANCY_DATA_DIR: path.join(folder, name), VACANCY_CLICKHOUSE_URL: `http://127.0.0.1:${nobody}`,
    VACANCY_TIMEZONE: 'Asia/Shanghai', VACANCY_STREAM_BYTES: '1GiB', VACANCY_LOG_LEVEL: 'silent',
  };
  const get = async <T>(route: string): Promise<T> => (await (await fetch(`http://127.0.0.1:${port}${route}`)).json()) as T;
  const overview = () => get<Overview>('/api/v1/overview');
  const answering = () => overview().then(({ warming_up }) => warming_up, () => null);
  let child: ChildProcess | undefined;
  return {
    async start() {
      // The channel ends the service with this process, however that ends.
      child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', MAIN], { env: { ...env, VACANCY_NATS_URL: nats.url }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      running.add(child);
    },
    async kill() {
      const exit = once(child!, 'exit');
      child!.kill('SIGKILL');
      await exit;
      running.delete(child!);
    },
    warm: async () => (await answering()) === false,
    /** Asks without pause from now on; what `warming_up` said, up to the first time that it was false. */
    async watchWarmingUp(): Promise<boolean[]> {
      const said: boolean[] = [];
      for (const end = Date.now() + 120_000; said.at(-1) !== false && Date.now() < end; ) {
        const answer = await answering();
        if (answer !== null) said.push(answer);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return said;
    },
    async received(): Promise<number> {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(/^vacancy_samples_received_total (\d+)$/m.exec(text)?.[1]);
    },
    rows: async () => (await get<{ servers: LiveRow[] }>('/api/v1/servers')).servers,
    /** But for the moment of the answer, the lags at it, and the ages in the recommendations' reasons. */
    async overview() {
      const { ts: _ts, lag_ms: _lag, store_lag_ms: _store, like_server, ...rest } = await overview();
      return { ...rest, like_server: like_server.map(({ server, gpus }) => ({ server, gpus })) };
    },
  };
}

/** The paths at which two answers differ, with both values. */
function differences(a: unknown, b: unknown, at = ''): string[] {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b) ? [] : [`${at}: ${String(a)} ≠ ${String(b)}`];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${at}/${key}`));
}
