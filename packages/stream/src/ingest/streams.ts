import { DiscardPolicy, RetentionPolicy, StorageType, StoreCompression, jetstreamManager, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS } from '@vacancy/shared';

export interface StreamLimits {
  readonly max_age_ms: number;
  readonly max_bytes: number;
}

/** Agents retry for as long as their spool lasts, but at least this long JetStream itself knows a message id again. */
const DUPLICATE_WINDOW_MS = 2 * 60_000;
const nanos = (ms: number): number => ms * 1_000_000;

/** Creates the two streams, or brings their limits up to the settings. */
export async function ensureStreams(nats: NatsConnection, limits: StreamLimits): Promise<void> {
  const manager = await jetstreamManager(nats);
  // S2 shrinks samples to a third; servers before 2.10 do not know it.
  const compression = atLeast(nats, 2, 10) ? { compression: StoreCompression.S2 } : {};
  await ensure(manager, {
    name: SAMPLES_STREAM,
    subjects: [SAMPLE_SUBJECTS],
    max_age: nanos(limits.max_age_ms),
    max_bytes: limits.max_bytes,
    duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, limits.max_age_ms)),
    ...compression,
  });
  await ensure(manager, { name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS], max_msgs_per_subject: 1, max_bytes: 256 * 1024 * 1024 });
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

async function ensure(manager: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  const known = await manager.streams.info(config.name).catch(() => null);
  if (known) await manager.streams.update(config.name, config);
  else await manager.streams.add({ ...KEPT, ...config });
}

function atLeast(nats: NatsConnection, major: number, minor: number): boolean {
  const [a = 0, b = 0] = (nats.info?.version ?? '0.0').split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
