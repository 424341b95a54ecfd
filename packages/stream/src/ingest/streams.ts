import { randomUUID } from 'node:crypto';
import {
  DiscardPolicy, JetStreamApiCodes, JetStreamApiError, RetentionPolicy, StorageType, StoreCompression, jetstreamManager,
  type JetStreamManager, type StreamConfig, type StreamInfo,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, MIB, SAMPLES_STREAM, SAMPLE_SUBJECTS, same } from '@vacancy/shared';
import type { Log } from '../log.js';

export interface StreamLimits {
  readonly max_age_ms: number;
  readonly max_bytes: number;
}

/** Agents retry for as long as their spool lasts, but at least this long JetStream itself knows a message id again. */
const DUPLICATE_WINDOW_MS = 2 * 60_000;
const nanos = (ms: number): number => ms * 1_000_000;

/** Creates the two streams, or brings their limits up to the settings. */
export async function ensureStreams(nats: NatsConnection, limits: StreamLimits, log: Log): Promise<void> {
  const manager = await jetstreamManager(nats);
  // S2 shrinks samples to a third; servers before 2.10 do not know it.
  const compression = atLeast(nats, 2, 10) ? { compression: StoreCompression.S2 } : {};
  await ensureWithin(manager, log, {
    name: SAMPLES_STREAM,
    subjects: [SAMPLE_SUBJECTS],
    max_age: nanos(limits.max_age_ms),
    max_bytes: limits.max_bytes,
    duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, limits.max_age_ms)),
    ...compression,
  });
  await ensureWithin(manager, log, { name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS], max_msgs_per_subject: 1, max_bytes: 64 * MIB });
}

/** Nobody, and no abused reply subject, may take a message out of a stream again. */
const KEPT = {
  retention: RetentionPolicy.Limits,
  storage: StorageType.File,
  discard: DiscardPolicy.Old,
  deny_delete: true,
  deny_purge: true,
  allow_rollup_hdrs: false,
  allow_direct: true,
};

const NO_ROOM = 10047; // "insufficient storage resources available"
const NAME_TAKEN = 10058; // "stream name already in use with a different configuration"
const LEAST_BYTES = 16 * MIB;

/** A broker promises a stream its bytes when it is made; where it has less to give, the stream gets what it has. */
async function ensureWithin(manager: JetStreamManager, log: Log, config: Partial<StreamConfig> & { name: string; max_bytes: number }): Promise<void> {
  for (let max_bytes = config.max_bytes; ; max_bytes = Math.floor(max_bytes / 2)) {
    try {
      await ensure(manager, { ...config, max_bytes });
      if (max_bytes < config.max_bytes) {
        log.warn({ stream: config.name, wanted: config.max_bytes, max_bytes }, 'the broker has less storage than VACANCY_STREAM_BYTES asks for');
      }
      return;
    } catch (error) {
      if (!isApiError(error, NO_ROOM) || max_bytes < 2 * LEAST_BYTES) throw error;
    }
  }
}

/** Of several services that start on an empty broker at once one makes the stream, under its id; the others take that one. */
async function ensure(manager: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  const known = (await find(manager, config.name)) ?? (await add(manager, config)) ?? (await manager.streams.info(config.name));
  if (differs(known.config, config)) await manager.streams.update(config.name, config);
}

/** Null where there is no such stream. */
const find = (manager: JetStreamManager, name: string): Promise<StreamInfo | null> =>
  manager.streams.info(name).catch(nullFor(JetStreamApiCodes.StreamNotFound));

/** Null where somebody else has made it in this moment. */
const add = (manager: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<StreamInfo | null> =>
  manager.streams.add({ ...KEPT, ...config, description: `${config.name.toLowerCase()} ${randomUUID()}` }).catch(nullFor(NAME_TAKEN));

const isApiError = (error: unknown, code: number): boolean => error instanceof JetStreamApiError && error.code === code;

function nullFor(code: number): (error: unknown) => null {
  return (error) => {
    if (isApiError(error, code)) return null;
    throw error;
  };
}

const differs = (known: StreamConfig, wanted: Partial<StreamConfig>): boolean =>
  (Object.keys(wanted) as (keyof StreamConfig)[]).some((key) => !same(known[key], wanted[key]));

/**
 * Tells a stream from another one made later under its name: positions in it mean nothing for that one.
 * The time of creation will not do: 2.9.10 forgets it when a stream that was updated is recovered.
 */
export const identityOf = ({ config, created }: StreamInfo): string => config.description || created;

function atLeast(nats: NatsConnection, major: number, minor: number): boolean {
  const [a = 0, b = 0] = (nats.info?.version ?? '0.0').split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
