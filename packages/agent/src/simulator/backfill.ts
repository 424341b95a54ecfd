import type { NatsConnection } from '@nats-io/transport-node';
import { messageId, sampleSubject, systemClock, type Clock } from '@vacancy/shared/plain';
import { publish } from './broker.js';
import type { Fleet, HistoryOptions } from './fleet.js';

export interface BackfillOptions extends HistoryOptions {
  readonly connection: NatsConnection;
  readonly fleet: Fleet;
  readonly signal: AbortSignal;
  /** Told at every whole percent of the time that is covered. */
  readonly onProgress: (percent: number, samples: number) => void;
}

/** Requests on their way at once: enough to keep broker and client busy, few enough that live samples pass between them. */
const WINDOW = 256;

/**
 * Publishes a stretch of the past, oldest first, each sample acknowledged. It takes the way that a real agent's backlog takes after
 * an outage, so what it shows is what the service does with late samples.
 * @returns how many samples were stored, and how many were not.
 */
export async function backfill(options: BackfillOptions, clock: Clock = systemClock): Promise<{ stored: number; lost: number }> {
  const { connection, fleet, from, to, signal, onProgress } = options;
  const samples = fleet.history(options);
  const counts = { stored: 0, lost: 0 };
  let percent = -1;
  const worker = async (): Promise<void> => {
    for (const sample of samples) {
      if (signal.aborted) return;
      const message = { subject: sampleSubject(sample.server), data: JSON.stringify(sample), id: messageId(sample) };
      counts[(await publish(connection, message, () => !signal.aborted, clock)) ? 'stored' : 'lost']++;
      const reached = Math.floor((100 * (sample.ts - from)) / (to - from));
      if (reached > percent) onProgress((percent = reached), counts.stored);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, worker));
  return counts;
}
