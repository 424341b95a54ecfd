import type { NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { SAMPLES_STREAM, SAMPLE_SUBJECTS, messageId, sampleSubject, type Sample } from '@vacancy/shared';
import { samples, type Workload } from '../../../bench/ingest/workload.js';

/** The first `count` samples of a simulated fleet. */
export function take(count: number, workload: Partial<Workload> = {}): Sample[] {
  const all: Sample[] = [];
  for (const sample of samples({ servers: 5, cards: 2, interval_ms: 1000, start: startOfHour(), ...workload })) {
    all.push(sample);
    if (all.length === count) break;
  }
  return all;
}

/** A round moment of the recent past, so that nothing falls out of what is kept. */
export const startOfHour = (): number => Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3 * 3_600_000;

export async function makeStream(nats: NatsConnection, name = SAMPLES_STREAM): Promise<void> {
  const manager = await jetstreamManager(nats);
  await manager.streams.add({ name, subjects: [SAMPLE_SUBJECTS], duplicate_window: 100_000_000 });
}

/** Publishes with the broker's acknowledgement of each; `twice` without a message id, so that the broker keeps both. */
export async function publish(nats: NatsConnection, list: readonly Sample[], { withId = true } = {}): Promise<void> {
  const js = jetstream(nats);
  for (let i = 0; i < list.length; i += 200) {
    await Promise.all(
      list.slice(i, i + 200).map((sample) => js.publish(sampleSubject(sample.server), JSON.stringify(sample), withId ? { msgID: messageId(sample) } : {})),
    );
  }
}

/** What the archives must hold, from the whole list at once. */
export function oracle(list: readonly Sample[]) {
  const byServer = groupByServer(list);
  let network_up_total = 0;
  let network_down_total = 0;
  let network_up_known_ms = 0;
  for (const own of byServer.values()) {
    const inOrder = [...own].sort((a, b) => a.ts - b.ts || a.seq - b.seq);
    for (let i = 1; i < inOrder.length; i++) {
      const before = inOrder[i - 1]!;
      const now = inOrder[i]!;
      const restarted = now.boot_id !== before.boot_id || now.uptime_s < before.uptime_s;
      const grown = (was: number, is: number): number | null => (is >= was ? is - was : restarted ? is : null);
      const up = grown(before.network_out, now.network_out);
      network_down_total += grown(before.network_in, now.network_in) ?? 0;
      if (up === null) continue;
      network_up_total += up;
      network_up_known_ms += now.ts - before.ts;
    }
  }
  return {
    samples: list.length,
    cards: list.reduce((sum, sample) => sum + sample.gpus.length, 0),
    observed_ms: list.reduce((sum, sample) => sum + sample.interval_ms, 0),
    network_up_total,
    network_down_total,
    network_up_known_ms,
  };
}

function groupByServer(list: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of list) groups.set(sample.server, [...(groups.get(sample.server) ?? []), sample]);
  return groups;
}
