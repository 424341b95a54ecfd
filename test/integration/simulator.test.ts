import { jetstreamManager } from '@nats-io/jetstream';
import { backfill, createFleet, startSimulator } from '@vacancy/agent/simulator';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS, HOUR, MINUTE, SECOND, decodeSample } from '@vacancy/shared';
import { silentLog as log } from '../../packages/agent/src/log.js';
import { expect, it } from 'vitest';
import { startTestNats, waitFor } from '../harness/nats.js';

it('publishes every simulated server on the second, each sample once, though two simulators run and the streams come late', async () => {
  await using nats = await startTestNats();
  const options = { servers: 3, seed: 7, interval_ms: SECOND, broker: { url: nats.url }, log };
  await using first = await startSimulator(options);
  await using second = await startSimulator(options);
  const manager = await jetstreamManager(await nats.connect());
  await manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
  await manager.streams.add({ name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS], max_msgs_per_subject: 1 });
  await waitFor(() => first.counts.acked >= 12 && second.counts.acked >= 12, 20_000, 'samples');

  const { state } = await manager.streams.info(SAMPLES_STREAM);
  const seen = new Set<string>();
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage(SAMPLES_STREAM, { seq });
    const sample = decodeSample(message!.subject, message!.data);
    if (!sample.ok) throw new Error(sample.error.detail);
    expect(sample.value.ts % SECOND).toBe(0);
    expect(seen).not.toContain(`${sample.value.server} ${sample.value.ts}`);
    seen.add(`${sample.value.server} ${sample.value.ts}`);
  }
  expect((await manager.streams.info(INVENTORY_STREAM)).state.messages).toBe(3);
  expect(first.counts.dropped + second.counts.dropped).toBe(0);
});

it('writes a stretch of the past, each sample once, and says how far it is', async () => {
  await using nats = await startTestNats();
  const connection = await nats.connect();
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
  const fleet = createFleet({ servers: 3, seed: 7 });
  const past = { from: 1_790_000_040_000, to: 1_790_000_040_000 + 3 * HOUR, interval_ms: MINUTE };
  const expected = [...fleet.history(past)].length;
  const heard: number[] = [];
  const onProgress = (percent: number) => void heard.push(percent);
  const options = { ...past, connection, fleet, signal: new AbortController().signal, onProgress };
  expect(await backfill(options)).toEqual({ stored: expected, lost: 0 });
  await backfill(options);
  expect((await manager.streams.info(SAMPLES_STREAM)).state.messages).toBe(expected);
  expect(heard[0]).toBe(0);
  expect(heard).toContain(99);

  const stopped = new AbortController();
  stopped.abort();
  expect(await backfill({ ...options, signal: stopped.signal })).toEqual({ stored: 0, lost: 0 });
});
