import type { Delta, Snapshot, Topic } from '@vacancy/shared';
import { createEmitter } from './emitter.js';
import type { Connection, LiveClient, TopicListener } from './client.js';

/** A recorded or generated fleet: what the service would have sent. */
export interface Recording {
  /** `null`: the topic is not in the recording. */
  snapshot(topic: Topic): Snapshot | null;
  /** Called every `interval_ms`; what changed for `topic` since the last call, or `null`. */
  next(topic: Topic): Delta | null;
  /** Moves the recording on by one interval. */
  advance(): void;
  readonly interval_ms: number;
}

/** Plays a recording through the interface of the live client: the pages cannot tell them apart. */
export function createReplayClient(recording: Recording): LiveClient {
  const topics = new Map<Topic, Set<TopicListener>>();
  const connections = createEmitter<Connection>();
  const timer = setInterval(() => {
    recording.advance();
    for (const [topic, listeners] of topics) {
      const delta = recording.next(topic);
      if (delta) listeners.forEach((listener) => listener.delta(delta));
    }
  }, recording.interval_ms);

  return {
    connection: 'live',
    onConnection: connections.on,
    onAlert: () => () => undefined,
    onReport: () => () => undefined,
    follow(topic, listener) {
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners.add(listener));
      queueMicrotask(() => {
        const snapshot = recording.snapshot(topic);
        if (snapshot) listener.snapshot(snapshot);
        else listener.refused?.('not_found');
      });
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && topics.get(topic) === listeners) topics.delete(topic);
      };
    },
    close: () => clearInterval(timer),
  };
}
