import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { expect, it } from 'vitest';
import { SAMPLES_STREAM, sampleSubject } from '@vacancy/shared';
import { consume } from '../../packages/stream/src/ingest/consume.js';
import { ensureStreams } from '../../packages/stream/src/ingest/streams.js';
import { silentLog } from '../../packages/stream/src/log.js';
import { startTestNats, waitFor } from '../harness/nats.js';

it('the live consumer goes on after the broker has lost it', async () => {
  await using nats = await startTestNats();
  const connection = await nats.connect();
  await ensureStreams(connection, { max_age_ms: 3_600_000, max_bytes: 2 ** 28 }, silentLog);
  const publish = (text: string) => jetstream(connection).publish(sampleSubject('gpu01'), text);
  await publish('before');
  const seen: string[] = [];
  await using _live = await consume(connection, {
    stream: SAMPLES_STREAM,
    from: { received_ts: Date.now() - 60_000 },
    onMessage: ({ data }) => seen.push(new TextDecoder().decode(data)),
  });
  await waitFor(() => seen.length === 1, 20_000, 'the first message');

  const { consumers } = await jetstreamManager(connection);
  for await (const { name } of consumers.list(SAMPLES_STREAM)) await consumers.delete(SAMPLES_STREAM, name);
  await publish('after');
  await waitFor(() => seen.includes('after'), 30_000, 'the message after the loss');
  expect(seen).toEqual(['before', 'after']);
});
