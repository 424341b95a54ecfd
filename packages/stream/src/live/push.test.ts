import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { applyRow, type ClientToServer, type FleetRow, type LiveRow, type ServerToClient, type Snapshot } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { createPush, toFleetRow, type LiveSource } from './push.js';
import { LiveTable } from './table.js';

type Client = Socket<ServerToClient, ClientToServer>;

const T0 = 1_762_000_000_000;
const sample = (server: string, seq: number, filler = 0): Received => ({
  v: 1, server, boot_id: 'b1', seq, ts: T0 + seq * 1000, interval_ms: 1000, uptime_s: seq, cpu: seq % 100,
  memory_total: 100, memory_used: 50, hdd_total: 200, hdd_used: 50, network_in: 0, network_out: 0,
  gpus: [{ id: 0, memory_total: 100, memory_used: seq % 100, processes: [{ pid: seq, user: 'alice', command: 'x'.repeat(filler) }] }],
  stream_seq: seq, received_ts: T0 + seq * 1000, skewed: false,
});

const sourceOf = (table: LiveTable): LiveSource => ({
  overview: () => ({ server_num: table.size }) as ReturnType<LiveSource['overview']>,
  rows: () => table.rows(),
  row: (server) => table.row(server),
  takeChanged: () => table.takeChanged(),
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setUp(allow = true) {
  const table = new LiveTable();
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const push = createPush(http, { source: sourceOf(table), allow: () => allow, interval_ms: 20 });
  cleanups.push(() => push[Symbol.asyncDispose]());
  const connect = async (): Promise<Client> => {
    const client: Client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, { transports: ['websocket'], reconnection: false });
    cleanups.push(() => void client.close());
    await new Promise<void>((resolve, reject) => {
      client.once('connect', resolve);
      client.once('connect_error', reject);
    });
    return client;
  };
  return { table, push, connect };
}

/** A program on the websocket that keeps the fleet as the contract says. */
function follow(client: Client) {
  const rows = new Map<string, FleetRow>();
  const seen = { snapshots: 0, deltas: 0 };
  client.on('snapshot', (snapshot: Snapshot) => {
    if (snapshot.topic !== 'fleet') return;
    seen.snapshots++;
    rows.clear();
    for (const row of (snapshot.data as { servers: FleetRow[] }).servers) rows.set(row.server, row);
  });
  client.on('delta', (delta) => {
    if (delta.topic !== 'fleet') return;
    seen.deltas++;
    const { servers = [], removed = [] } = delta.data as { servers?: (Partial<FleetRow> & { server: string })[]; removed?: string[] };
    for (const change of servers) rows.set(change.server, rows.has(change.server) ? applyRow(rows.get(change.server)!, change) : (change as FleetRow));
    for (const server of removed) rows.delete(server);
  });
  return { rows, seen };
}

const until = async (question: () => boolean, what: string): Promise<void> => {
  for (const end = Date.now() + 5000; !question(); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > end) throw new Error(`${what}: not in time`);
  }
};
const asJson = (rows: LiveRow[]): unknown => JSON.parse(JSON.stringify(rows.map(toFleetRow)));

describe('push', () => {
  it('keeps a follower equal to the table, through snapshot and deltas', async () => {
    const { table, connect } = await setUp();
    table.record(sample('gpu01', 1));
    const client = await connect();
    const { rows, seen } = follow(client);
    expect(await client.emitWithAck('subscribe', { topic: 'fleet' })).toEqual({ ok: true });
    for (let seq = 2; seq < 40; seq++) {
      table.record(sample(seq % 2 ? 'gpu01' : 'gpu02', seq));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => rows.get('gpu01')?.last_ts === T0 + 39_000 && rows.get('gpu02')?.last_ts === T0 + 38_000, 'last delta');
    expect([...rows.values()]).toEqual(asJson(table.rows()));
    expect(seen.snapshots).toBe(1);
    // 38 samples in some 200 ms, pushed at most every 20 ms.
    expect(seen.deltas).toBeLessThan(38);
  });

  it('sends a server its whole row with processes, and the fleet without them', async () => {
    const { table, connect } = await setUp();
    table.record(sample('gpu01', 1));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const client = await connect();
    const snapshots: Snapshot[] = [];
    client.on('snapshot', (snapshot) => snapshots.push(snapshot));
    await client.emitWithAck('subscribe', { topic: 'fleet' });
    await client.emitWithAck('subscribe', { topic: 'server:gpu01' });
    await until(() => snapshots.length === 2, 'snapshots');
    expect(snapshots[0]).toMatchObject({ topic: 'fleet', data: { servers: [{ server: 'gpu01', gpus: [expect.not.objectContaining({ processes: expect.anything() as unknown })] }] } });
    expect(snapshots[1]).toMatchObject({ topic: 'server:gpu01', data: { gpus: [{ processes: [{ pid: 1, user: 'alice' }] }] } });
  });

  it('encodes a snapshot once for all who ask together, and for none who has gone again', async () => {
    const { table, push, connect } = await setUp();
    table.record(sample('gpu01', 1));
    const clients = await Promise.all(Array.from({ length: 20 }, connect));
    const followers = clients.map(follow);
    const encoded = vi.spyOn(JSON, 'stringify');
    clients.forEach((client, i) => {
      client.emit('subscribe', { topic: 'fleet' });
      if (i === 0) client.emit('unsubscribe', { topic: 'fleet' });
    });
    await until(() => followers.every(({ seen }, i) => i === 0 || seen.snapshots === 1), 'snapshots');
    const snapshots = encoded.mock.calls.filter(([value]) => Array.isArray(value) && value[0] === 'snapshot').length;
    encoded.mockRestore();
    expect(snapshots).toBeGreaterThan(0);
    expect(snapshots).toBeLessThan(20);
    table.record(sample('gpu01', 2));
    push.flush();
    await until(() => followers.slice(1).every(({ rows }) => rows.get('gpu01')?.last_ts === T0 + 2_000), 'deltas');
    expect(followers[0]!.seen.deltas).toBe(0);
  });

  it.each([undefined, null, 'fleet', { topic: 'all' }, { topic: 'server:../etc' }, { topic: ['fleet'] }])('answers %j with an error and lives on', async (request) => {
    const { connect } = await setUp();
    const client = await connect();
    expect(await client.emitWithAck('subscribe', request as never)).toMatchObject({ ok: false });
    expect(await client.emitWithAck('subscribe', { topic: 'fleet' })).toEqual({ ok: true });
  });

  it('keeps its rhythm however long the sending takes, but leaves time for others', async () => {
    const http = createServer();
    let now = 0;
    let takes = 0;
    const waits: number[] = [];
    let flush = (): void => {};
    const source = { ...sourceOf(new LiveTable()), takeChanged: () => ((now += takes), []) };
    const clock = { now: () => now, setTimer: (ms: number, task: () => void) => (waits.push(ms), (flush = task), () => {}) };
    await using _push = createPush(http, { source, allow: () => true }, clock);
    for (takes of [0, 100, 400]) flush();
    expect(waits).toEqual([250, 250, 150, 62.5]);
  });

  it('opens no socket for whom the gate refuses', async () => {
    const { connect } = await setUp(false);
    await expect(connect()).rejects.toThrow();
  });

  it('gives a client that stopped reading a fresh snapshot instead of a queue', async () => {
    const { table, push, connect } = await setUp();
    table.record(sample('gpu01', 1));
    const client = await connect();
    const { rows, seen } = follow(client);
    await client.emitWithAck('subscribe', { topic: 'server:gpu01' });
    await client.emitWithAck('subscribe', { topic: 'fleet' });
    await until(() => seen.snapshots === 1, 'first snapshot');
    const tcp = (client.io.engine.transport as unknown as { ws: { _socket: { pause(): void; resume(): void } } }).ws._socket;
    tcp.pause();
    let seq = 1;
    await until(() => {
      for (let i = 0; i < 50; i++) table.record(sample('gpu01', ++seq, 250_000));
      push.flush();
      return push.clientsBehind === 1;
    }, 'falling behind');
    for (let i = 0; i < 100; i++) {
      table.record(sample('gpu01', ++seq));
      push.flush();
    }
    tcp.resume();
    await until(() => seen.snapshots === 2 && rows.get('gpu01')?.last_ts === T0 + seq * 1000, 'snapshot after the pause');
    expect(push.clientsBehind).toBe(0);
  });
});
