import { io, type Socket } from 'socket.io-client';
import type { Alert, ClientToServer, Delta, ReportEvent, ServerToClient, Snapshot, Topic } from '@vacancy/shared';
import { createEmitter } from './emitter.js';
import type { Connection, LiveClient, TopicListener } from './client.js';

/** Reconnecting for longer than this is called offline. */
const OFFLINE_AFTER_MS = 10_000;

export function createLiveClient(url?: string): LiveClient {
  const socket: Socket<ServerToClient, ClientToServer> = io(url ?? '', {
    path: '/socket.io',
    transports: ['websocket'],
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
  });
  const topics = new Map<Topic, Set<TopicListener>>();
  const connections = createEmitter<Connection>();
  const alerts = createEmitter<Alert>();
  const reports = createEmitter<ReportEvent>();
  let connection: Connection = 'connecting';
  let giveUp: ReturnType<typeof setTimeout> | undefined;

  const become = (next: Connection): void => {
    if (next === connection) return;
    connection = next;
    connections.emit(next);
  };
  const lost = (): void => {
    if (connection !== 'offline') become('reconnecting');
    giveUp ??= setTimeout(() => become('offline'), OFFLINE_AFTER_MS);
  };
  const subscribe = (topic: Topic): void => {
    socket.emit('subscribe', { topic }, (answer) => {
      if (!answer.ok) for (const listener of topics.get(topic) ?? []) listener.refused?.(answer.error ?? 'refused');
    });
  };

  socket.on('connect', () => {
    clearTimeout(giveUp);
    giveUp = undefined;
    become('live');
    for (const topic of topics.keys()) subscribe(topic);
  });
  socket.on('disconnect', (reason) => {
    lost();
    // The client library reconnects by itself after every other reason.
    if (reason === 'io server disconnect') socket.connect();
  });
  socket.on('connect_error', lost);
  socket.on('snapshot', (snapshot: Snapshot) => topics.get(snapshot.topic)?.forEach((listener) => listener.snapshot(snapshot)));
  socket.on('delta', (delta: Delta) => topics.get(delta.topic)?.forEach((listener) => listener.delta(delta)));
  socket.on('alert', (alert) => alerts.emit(alert));
  socket.on('report', (report) => reports.emit(report));

  return {
    get connection() {
      return connection;
    },
    onConnection: connections.on,
    onAlert: alerts.on,
    onReport: reports.on,
    follow(topic, listener) {
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(listener));
      // A second listener asks again: the snapshot that answers brings it up to date.
      if (socket.connected) subscribe(topic);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || topics.get(topic) !== listeners) return;
        topics.delete(topic);
        if (socket.connected) socket.emit('unsubscribe', { topic });
      };
    },
    close() {
      clearTimeout(giveUp);
      socket.disconnect();
    },
  };
}
