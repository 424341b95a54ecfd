import { jetstreamManager } from '@nats-io/jetstream';
import { expect, it } from 'vitest';
import { SAMPLES_STREAM } from '@vacancy/shared';
import { ensureStreams } from '../../packages/stream/src/ingest/streams.js';
import { silentLog } from '../../packages/stream/src/log.js';
import { startTestNats } from '../harness/nats.js';

it('services that start on an empty broker at once share the streams that one of them makes', async () => {
  await using nats = await startTestNats();
  const connections = await Promise.all(Array.from({ length: 8 }, () => nats.connect()));
  await Promise.all(connections.map((connection) => ensureStreams(connection, { max_age_ms: 3_600_000, max_bytes: 2 ** 28 }, silentLog)));

  // One of them has newer settings, and all others are still right about which stream it is.
  const manager = await jetstreamManager(connections[0]!);
  const before = await manager.streams.info(SAMPLES_STREAM);
  await ensureStreams(connections[1]!, { max_age_ms: 7_200_000, max_bytes: 2 ** 28 }, silentLog);
  const after = await manager.streams.info(SAMPLES_STREAM);
  expect(after.config).toMatchObject({ description: before.config.description, max_age: 7_200_000 * 1e6, deny_purge: true, deny_delete: true });
});
