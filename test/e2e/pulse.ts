import { randomUUID } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { GIB, inventorySubject, messageId, sampleSubject, type Inventory, type Sample } from '@vacancy/shared';

export interface Pulse {
  readonly server: string;
  readonly name: string;
  readonly gpu_type: string;
  /** Who is on its card. */
  readonly user?: string;
}

/** A server whose every figure is known: its CPU goes up by one percent a second, whatever else the machine has to do. */
export function startPulse(nats: NatsConnection, { server, name, gpu_type, user }: Pulse): () => void {
  const streams = jetstream(nats);
  const boot_id = randomUUID();
  const inventory: Inventory = {
    v: 1, server, name, memory_limit: 64 * GIB, hdd_total: 1000 * GIB, gpu_num: 1,
    gpus: [{ gpu_id: 0, gpu_type, gpu_memory_limit: 24 * GIB }],
  };
  void streams.publish(inventorySubject(server), JSON.stringify(inventory));
  let seq = 0;
  const timer = setInterval(() => {
    seq++;
    const sample: Sample = {
      v: 1, server, boot_id, seq, ts: Date.now(), interval_ms: 1000, uptime_s: 1000 + seq, cpu: seq % 100,
      memory_total: 64 * GIB, memory_used: 16 * GIB, hdd_total: 1000 * GIB, hdd_used: 250 * GIB, network_in: seq * 1e6, network_out: seq * 5e5,
      gpus: [{ id: 0, memory_total: 24 * GIB, memory_used: 2 * GIB, utilization: 0, ...(user && { processes: [{ pid: 1, user, command: user, memory_used: 2 * GIB }] }) }],
    };
    streams.publish(sampleSubject(server), JSON.stringify(sample), { msgID: messageId(sample) }).catch(() => {});
  }, 1000);
  return () => clearInterval(timer);
}
