import { setTimeout as sleep } from 'node:timers/promises';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { inventorySubject, messageId, sampleSubject, type Inventory, type Sample } from '@vacancy/shared';
import { samples } from '../ingest/workload.js';

/** A sample whose CPU figure tells it from the ones around it: the page shows whole percents. */
export interface Published {
  readonly server: string;
  readonly cpu: number;
  readonly at: number;
}

/** Values until one comes again: at a sample a second far longer than anything may take. */
const VALUES = 101;
const MEAN_MS = 1_000;
/** Pauses differ, so that samples meet the service's rhythm of sending at every place of it. */
const JITTER_MS = 150;

export interface Targets extends AsyncDisposable {
  /** What was published since the question before. */
  take(): Published[];
}

export const targetIds = (count: number): string[] => Array.from({ length: count }, (_, index) => `target-${index + 1}`);

/** Servers that stand first in the table and send once a second, each at its own time. */
export function startTargets(nats: NatsConnection, { count, cards }: { count: number; cards: number }): Targets {
  const stop = new AbortController();
  let published: Published[] = [];
  const tell = (one: Published): void => void published.push(one);
  const loops = targetIds(count).map((server, index) => publishFor(nats, { server, index, cards, tell, signal: stop.signal }));
  return {
    take() {
      const taken = published;
      published = [];
      return taken;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

async function publishFor(nats: NatsConnection, { server, index, cards, tell, signal }: { server: string; index: number; cards: number; tell: (one: Published) => void; signal: AbortSignal }): Promise<void> {
  nats.publish(inventorySubject(server), JSON.stringify(inventory(server, index, cards)));
  const boot_id = `bench-${Date.now().toString(36)}`;
  for (const made of samples({ servers: 1, cards, interval_ms: MEAN_MS, start: Date.now() })) {
    await sleep(MEAN_MS + JITTER_MS * (2 * Math.random() - 1), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const at = Date.now();
    const sample: Sample = { ...made, server, boot_id, ts: at, cpu: (made.seq + 13 * index) % VALUES };
    const named = headers();
    named.set('Nats-Msg-Id', messageId(sample));
    nats.publish(sampleSubject(server), JSON.stringify(sample), { headers: named });
    tell({ server, cpu: sample.cpu, at });
  }
}

function inventory(server: string, index: number, cards: number): Inventory {
  return { v: 1, server, name: `0 target ${index + 1}`, memory_limit: 270_582_939_648, hdd_total: 8_315_412_000_768, gpu_num: cards, gpus: [] };
}
