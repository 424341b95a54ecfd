import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Server, type Socket, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { HOUR, SAMPLES_STREAM, SAMPLE_SUBJECTS, sampleSubject, type Sample } from '@vacancy/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestNats, waitFor, type TestNats } from '../../../../test/harness/nats.js';
import { createLog, silentLog } from '../log.js';
import { Publisher } from './publisher.js';
import { Spool, type Reading } from './spool.js';

let dir: string;
let nats: TestNats;
let hub: NatsConnection;
let manager: JetStreamManager;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'vacancy-publish-'));
  nats = await startTestNats();
  hub = await nats.connect();
  manager = await jetstreamManager(hub);
  await addStream();
});
afterEach(async () => {
  await nats[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const addStream = () => manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS], duplicate_window: 120e9 });
const reading = (ts: number): Reading => ({
  v: 1, server: 'gpu01', ts, interval_ms: 1_000, uptime_s: 1, cpu: 1, memory_total: 1, memory_used: 1, hdd_total: 1, hdd_used: 1, network_in: 1, network_out: 1, gpus: [],
});
const openSpool = (): Spool => new Spool({ dir: join(dir, 'spool'), spool_bytes: 256 * 1024 * 1024, spool_age_ms: HOUR }, silentLog);
const options = { server: 'gpu01', backfill_rate: 2_000 };

/** Everything stored, in the order of the stream. */
async function stored(): Promise<Sample[]> {
  const { messages } = (await manager.streams.info(SAMPLES_STREAM)).state;
  if (messages === 0) return [];
  const consumer = await jetstream(hub).consumers.get(SAMPLES_STREAM);
  const samples: Sample[] = [];
  for await (const message of await consumer.consume({ max_messages: 1_000, expires: 5_000, idle_heartbeat: 1_000 })) {
    samples.push(message.json());
    if (message.info.pending === 0) break;
  }
  return samples;
}

/** Each run from its first sample on, none missing, none twice, none out of order. */
function expectUnbroken(samples: readonly Sample[]): Map<string, number> {
  const next = new Map<string, number>();
  for (const { boot_id, seq } of samples) {
    expect(`${boot_id} ${seq}`).toBe(`${boot_id} ${next.get(boot_id) ?? 0}`);
    next.set(boot_id, seq + 1);
  }
  return next;
}

describe('the publisher', () => {
  it('waits for a broker that is away at the start and for a stream that does not exist yet', async () => {
    await manager.streams.delete(SAMPLES_STREAM);
    await nats.kill();
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, nats_url: [nats.url] }, silentLog);
    for (let i = 0; i < 5; i++) publisher.publish(reading(i));
    await nats.start();
    await waitFor(() => publisher.connected, 20_000, 'a connection');
    // The test's own connection may come back later than the publisher's.
    await waitFor(() => addStream().then(() => true, () => false), 30_000, 'the stream');
    expect(await publisher.drain(20_000)).toBe(true);
    expect((await stored()).map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
  });

  it('sends what is read now beside a long backlog, at the rate that it is given', async () => {
    const before = openSpool();
    for (let i = 0; i < 600; i++) before.append(reading(i));
    const old = before.boot_id;
    before[Symbol.dispose]();
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, backfill_rate: 50, nats_url: [nats.url] }, silentLog);
    await waitFor(() => publisher.connected, 20_000, 'a connection');
    const started = performance.now();
    for (let i = 0; i < 40; i++) {
      publisher.publish(reading(10_000 + i));
      await waitFor(() => spool.waiting('live') === 0, 5_000, 'the live sample');
      await sleep(25);
    }
    const seconds = (performance.now() - started) / 1_000;
    const backfilled = (await stored()).filter(({ boot_id }) => boot_id === old).length;
    expect(spool.waiting('live')).toBe(0);
    expect(backfilled).toBeGreaterThan(0);
    expect(backfilled).toBeLessThanOrEqual(50 * (seconds + 1));
    expectUnbroken(await stored());
  });

  it('gives an outage a new run, so that what is read now is not stuck behind it', async () => {
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, backfill_rate: 20, nats_url: [nats.url] }, silentLog);
    await waitFor(() => publisher.connected, 20_000, 'a connection');
    await nats.kill();
    await waitFor(() => !publisher.connected, 10_000, 'the loss');
    for (let i = 0; i < 100; i++) publisher.publish(reading(i));
    const outage = spool.boot_id;
    await nats.start();
    await waitFor(() => spool.boot_id !== outage, 20_000, 'a new run');
    publisher.publish(reading(1_000));
    await waitFor(() => spool.waiting('live') === 0, 5_000, 'the live sample');
    expect(spool.waiting('backlog')).toBeGreaterThan(0);
    expect(await publisher.drain(20_000)).toBe(true);
    expect([...expectUnbroken(await stored()).values()].sort()).toEqual([1, 100]);
  });

  it('sends a burst that becomes backlog without waiting for the next sample', async () => {
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, nats_url: [nats.url] }, silentLog);
    await waitFor(() => publisher.connected, 20_000, 'a connection');
    publisher.publish(reading(0));
    expect(await publisher.drain(10_000)).toBe(true);
    for (let i = 1; i < 100; i++) publisher.publish(reading(i));
    expect(await publisher.drain(10_000)).toBe(true);
    expect(await stored()).toHaveLength(100);
  });

  it('learns how far its clock is from the broker’s', async () => {
    using spool = openSpool();
    const ahead = { now: () => Date.now() + 90_000, setTimer: (ms: number, task: () => void) => { const timer = setTimeout(task, ms); return () => clearTimeout(timer); } };
    await using publisher = new Publisher(spool, { ...options, nats_url: [nats.url] }, silentLog, ahead);
    await waitFor(() => publisher.clock_offset_ms !== null, 10_000, 'the offset');
    expect(publisher.clock_offset_ms! + 90_000).toBeGreaterThan(-500);
    expect(publisher.clock_offset_ms! + 90_000).toBeLessThan(500);
  });

  it('leaves nothing behind each time that the broker comes back', async () => {
    const warnings: string[] = [];
    const listen = ({ name }: Error) => void warnings.push(name);
    process.on('warning', listen);
    await using link = await startLink(nats.port);
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, nats_url: [`nats://127.0.0.1:${link.port}`] }, silentLog);
    for (let time = 0; time < 14; time++) {
      await waitFor(() => publisher.connected && publisher.clock_offset_ms !== null, 20_000, 'a connection');
      await sleep(50);
      link.cut();
      await waitFor(() => !publisher.connected, 10_000, 'the loss');
    }
    process.off('warning', listen);
    expect(warnings).not.toContain('MaxListenersExceededWarning');
  });

  it('stores every sample exactly once and each run in order, however agent, broker and link are broken', { timeout: 180_000 }, async () => {
    await using link = await startLink(nats.port);
    const notes = join(dir, 'notes');
    const random = generator(20_261_122);
    let agent = startWriter(link.port, notes);
    for (let fault = 0; fault < 14; fault++) {
      await sleep(300 + 900 * random());
      const kind = Math.floor(random() * 4);
      if (kind === 0) agent = await killed(agent, () => startWriter(link.port, notes));
      if (kind === 1) {
        await nats.kill();
        await sleep(800 * random());
        await nats.start();
      }
      if (kind === 2) link.cut();
      if (kind === 3) await link.stall(200 + 1_500 * random());
    }
    await sleep(1_000);
    await killed(agent, () => null);

    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, nats_url: [nats.url] }, silentLog);
    expect(await publisher.drain(60_000)).toBe(true);
    const runs = expectUnbroken(await stored());
    const noted = readFileSync(notes, 'utf8').split('\n').filter(Boolean);
    expect(noted.length).toBeGreaterThan(500);
    for (const boot_id of new Set(noted)) expect(runs.get(boot_id)).toBeGreaterThanOrEqual(noted.filter((one) => one === boot_id).length);
  });
});

const SEED = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';

describe('an agent whose credential the broker does not take', () => {
  it('keeps its samples and does not fill its log', async () => {
    await using closed = await startTestNats({ config: 'authorization { users: [ { user: probe, password: probe }, { nkey: UDDGHUP426NO3CMW6V7PPXFZC5TPEKOQZ666UZZ7JF5JOKZ4PGHLRRLN } ] }\nno_auth_user: probe' });
    const lines: string[] = [];
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, nats_url: [closed.url], seed: new TextEncoder().encode(SEED) }, createLog('warn', (line) => lines.push(line)));
    for (let i = 0; i < 3; i++) publisher.publish(reading(i));
    await waitFor(() => lines.length > 0, 10_000, 'a complaint');
    await sleep(2_000);
    expect(publisher.connected).toBe(false);
    expect(spool.stats()).toMatchObject({ spool_messages: 3, spool_dropped: 0 });
    expect(lines.length).toBeLessThanOrEqual(2);
  });
});

describe('an agent that may do no more than publish as itself', () => {
  const PUBLIC = 'UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4';

  it('is served: its samples are stored and their acknowledgements reach it', async () => {
    const permissions = `{ publish: { allow: ["${sampleSubject('gpu01')}", "vacancy.v1.inventory.gpu01"] }, subscribe: { allow: ["_INBOX_gpu01.>"] } }`;
    await using closed = await startTestNats({ config: `authorization { users: [ { user: probe, password: probe }, { nkey: ${PUBLIC}, permissions: ${permissions} } ] }\nno_auth_user: probe` });
    const hubOfClosed = await closed.connect();
    const managerOfClosed = await jetstreamManager(hubOfClosed);
    await managerOfClosed.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
    using spool = openSpool();
    await using publisher = new Publisher(spool, { ...options, nats_url: [closed.url], seed: new TextEncoder().encode(SEED) }, silentLog);
    for (let i = 0; i < 3; i++) publisher.publish(reading(i));
    expect(await publisher.drain(10_000)).toBe(true);
    expect((await managerOfClosed.streams.info(SAMPLES_STREAM)).state.messages).toBe(3);
    expect(publisher.clock_offset_ms).toBeNull(); // it may not ask for the time: the offset is absent, nothing else suffers
  });
});

const WRITER = fileURLToPath(new URL('writer.fixture.ts', import.meta.url));

const startWriter = (port: number, notes: string): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', WRITER, join(dir, 'spool'), `nats://127.0.0.1:${port}`, notes, '5'], { stdio: 'inherit' });

async function killed<T>(agent: ChildProcess, next: () => T): Promise<T> {
  const exit = once(agent, 'exit');
  agent.kill('SIGKILL');
  await exit;
  return next();
}

interface Link extends AsyncDisposable {
  readonly port: number;
  /** Resets every connection. */
  cut(): void;
  /** Lets nothing through for a while, then everything. */
  stall(ms: number): Promise<void>;
}

async function startLink(target: number): Promise<Link> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => { sockets.delete(socket); near.destroy(); far.destroy(); });
    }
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    async stall(ms) {
      const stalled = [...sockets];
      stalled.forEach((socket) => socket.pause());
      await sleep(ms);
      stalled.forEach((socket) => socket.resume());
    },
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}

/** mulberry32: the same faults in every run. */
function generator(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
