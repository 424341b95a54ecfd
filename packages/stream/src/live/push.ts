import type { Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import {
  diffRow, isServerId, systemClock,
  type Ack, type Alert, type ClientToServer, type Clock, type FleetDelta, type FleetRow, type LiveRow, type Overview, type ReportEvent,
  type ServerToClient, type Topic,
} from '@vacancy/shared';

/** What the screen shows, asked for when it is needed. */
export interface LiveSource {
  overview(): Overview;
  rows(): LiveRow[];
  row(server: string): LiveRow | null;
  /** Servers whose row may have changed since the last call. */
  takeChanged(): string[];
}

export interface PushOptions {
  readonly source: LiveSource;
  /** Whether a request may open a socket: its origin and credentials. */
  readonly allow: (headers: Readonly<Record<string, string | string[] | undefined>>) => boolean;
  readonly interval_ms?: number;
}

type LiveSocket = Socket<ClientToServer, ServerToClient>;

/** A client with this many packets unsent has fallen behind: it is left alone until it has drained, then gets a snapshot. */
const BEHIND = 8;
/** The overview's figures move with every sample; people read them once a second. */
const OVERVIEW_EVERY_MS = 1_000;

/**
 * Pushes the live table over Socket.IO: a snapshot on subscribing, then what changed, at most every `interval_ms`.
 *
 * One encoding serves all who keep up (a room); who does not is moved out of the room and waits for a fresh snapshot,
 * so that no queue grows for a phone in a tunnel.
 */
export function createPush(http: HttpServer, { source, allow, interval_ms = 250 }: PushOptions, clock: Clock = systemClock) {
  const io = new Server<ClientToServer, ServerToClient>(http, {
    path: '/socket.io',
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: 4096,
    allowRequest: (request, decide) => decide(null, allow(request.headers)),
  });
  const behind = new Map<LiveSocket, Set<Topic>>();
  const welcomes = new Map<Topic, Set<LiveSocket>>();
  const sent = new Map<string, LiveRow>();
  let overviewDue = 0;
  let overview = source.overview();

  const snapshotOf = (topic: Topic): Parameters<ServerToClient['snapshot']>[0] | null => {
    const ts = clock.now();
    // The rows as they were last sent, not as they are: the next delta starts from these.
    if (topic === 'fleet') return { topic, ts, data: { overview, servers: [...sent.values()].sort(byServer).map(toFleetRow) } };
    const row = source.row(serverOf(topic));
    return row && { topic, ts, data: row };
  };

  io.on('connection', (socket) => {
    socket.on('subscribe', (request: unknown, ack?: unknown) => {
      const topic = parseTopic(request);
      const answer: Ack = typeof ack === 'function' ? (ack as Ack) : () => {};
      if (!topic) return answer({ ok: false, error: 'topic must be "fleet" or "server:<id>"' });
      if (topic !== 'fleet' && !source.row(serverOf(topic))) return answer({ ok: false, error: `no server ${serverOf(topic)}` });
      answer({ ok: true });
      welcome(socket, topic);
    });
    socket.on('unsubscribe', (request: unknown, ack?: unknown) => {
      const topic = parseTopic(request);
      if (topic) {
        void socket.leave(topic);
        behind.get(socket)?.delete(topic);
        welcomes.get(topic)?.delete(socket);
      }
      if (typeof ack === 'function') (ack as Ack)(topic ? { ok: true } : { ok: false, error: 'topic must be "fleet" or "server:<id>"' });
    });
    socket.on('disconnect', () => {
      behind.delete(socket);
      for (const sockets of welcomes.values()) sockets.delete(socket);
    });
  });

  /**
   * A snapshot at once, and the deltas from there on. One encoding serves all who ask in the same turn of the loop: after a
   * restart hundreds of pages come back together, and a snapshot of a thousand servers takes tens of milliseconds to encode.
   */
  function welcome(socket: LiveSocket, topic: Topic): void {
    if (welcomes.size === 0) setImmediate(welcomeAll);
    const sockets = welcomes.get(topic) ?? new Set();
    welcomes.set(topic, sockets.add(socket));
  }

  function welcomeAll(): void {
    for (const [topic, sockets] of welcomes) {
      const snapshot = sockets.size > 0 && snapshotOf(topic);
      if (snapshot) io.to([...sockets].map((socket) => socket.id)).emit('snapshot', snapshot);
      for (const socket of sockets) void socket.join(topic);
    }
    welcomes.clear();
  }

  function flush(): void {
    const ts = clock.now();
    setAside();
    const changed = source.takeChanged();
    const data: FleetDelta = {};
    for (const server of changed) {
      const row = source.row(server);
      if (!row) continue;
      if (io.sockets.adapter.rooms.has(`server:${server}`)) io.to(`server:${server}`).emit('delta', { topic: `server:${server}`, ts, data: row });
      const before = sent.get(server);
      const delta = before ? diffRow(before, row, 'processes') : toFleetRow(row);
      sent.set(server, row);
      if (delta) (data.servers ??= []).push(delta);
    }
    if (ts >= overviewDue) {
      overviewDue = ts + OVERVIEW_EVERY_MS;
      overview = source.overview();
      data.overview = overview;
    }
    if ((data.servers || data.overview) && io.sockets.adapter.rooms.has('fleet')) io.to('fleet').emit('delta', { topic: 'fleet', ts, data });
    catchUp();
  }

  /** Takes those who have fallen behind out of their rooms, before anything more is queued for them. */
  function setAside(): void {
    for (const socket of io.sockets.sockets.values()) {
      if (unsent(socket) <= BEHIND) continue;
      const topics = [...socket.rooms].filter((room): room is Topic => room !== socket.id);
      if (topics.length === 0) continue;
      const waiting = behind.get(socket) ?? new Set<Topic>();
      for (const topic of topics) {
        waiting.add(topic);
        void socket.leave(topic);
      }
      behind.set(socket, waiting);
    }
  }

  function catchUp(): void {
    for (const [socket, topics] of behind) {
      if (unsent(socket) > 0) continue;
      behind.delete(socket);
      for (const topic of topics) welcome(socket, topic);
    }
  }

  // From start to start: with hundreds of sockets the sending itself takes a third of the interval. What was read meanwhile gets its turn too.
  let cancel = clock.setTimer(interval_ms, function again() {
    const start = clock.now();
    flush();
    cancel = clock.setTimer(Math.max(interval_ms - (clock.now() - start), interval_ms / 4), again);
  });

  return {
    alert: (alert: Alert) => void io.emit('alert', alert),
    report: (report: ReportEvent) => void io.emit('report', report),
    /** Sends what changed now, instead of at the next interval. */
    flush,
    get clients(): number {
      return io.sockets.sockets.size;
    },
    get clientsBehind(): number {
      return behind.size;
    },
    async [Symbol.asyncDispose]() {
      cancel();
      io.disconnectSockets(true);
      await io.close();
    },
  };
}
export type Push = ReturnType<typeof createPush>;

export function toFleetRow(row: LiveRow): FleetRow {
  return { ...row, gpus: row.gpus.map(({ processes: _, ...card }) => card) };
}

const serverOf = (topic: Topic): string => topic.slice('server:'.length);

function parseTopic(request: unknown): Topic | null {
  const topic = typeof request === 'object' && request !== null ? (request as { topic?: unknown }).topic : undefined;
  if (topic === 'fleet') return topic;
  if (typeof topic === 'string' && topic.startsWith('server:') && isServerId(topic.slice('server:'.length))) return topic as Topic;
  return null;
}

const byServer = (a: LiveRow, b: LiveRow): number => (a.server < b.server ? -1 : 1);

/** Packets that wait in the process for the client to read. */
const unsent = (socket: LiveSocket): number => (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
