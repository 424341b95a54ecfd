// A fleet that publishes once a second and server, each at its own moment of the second as agents do. Leaner than the simulator, which computes its samples
// from the time of day: a thousand servers cost some 5 % of a core here.
import { setInterval } from 'node:timers';
import { connect, headers } from '@nats-io/transport-node';
import { inventorySubject, messageId, sampleSubject, type Inventory, type Sample } from '@vacancy/shared';
import { samples } from '../ingest/workload.js';

export interface PublishParameters {
  readonly url: string;
  readonly prefix: string;
  readonly servers: number;
  readonly cards: number;
}

const SECOND = 1_000;
const BEAT_MS = 10;
const GROUPS = ['vision', '实验室', 'speech', 'nlp', '算力中心'];
const MODELS = ['NVIDIA GeForce RTX 3090', 'NVIDIA GeForce RTX 4090', 'NVIDIA A100 80GB PCIe'];
const USERS = ['alice', 'bob', '陈', 'dmitri', 'eve', '刘洋', 'grace'];

const { url, prefix, servers, cards } = JSON.parse(process.argv[2]!) as PublishParameters;
const nats = await connect({ servers: url, noAsyncTraces: true });
for (let index = 1; index <= servers; index++) nats.publish(inventorySubject(idOf(index)), JSON.stringify(inventory(index)));

const start = Date.now();
const stream = samples({ servers, cards, interval_ms: SECOND, start });
let sent = 0;
setInterval(() => {
  const due = Math.floor(((Date.now() - start) / SECOND) * servers);
  for (; sent < due; sent++) send(stream.next().value as Sample, (sent % servers) + 1);
}, BEAT_MS);
process.on('message', () => process.send!({ sent }));
process.once('disconnect', () => process.exit());

function send(made: Sample, index: number): void {
  const sample: Sample = { ...made, server: idOf(index), ts: Date.now(), gpus: made.gpus.map((card) => withProcess(card, index)) };
  const named = headers();
  named.set('Nats-Msg-Id', messageId(sample));
  nats.publish(sampleSubject(sample.server), JSON.stringify(sample), { headers: named });
}

function withProcess(card: Sample['gpus'][number], index: number): Sample['gpus'][number] {
  if (card.memory_used < 2 ** 30) return card;
  const user = USERS[(index + card.id) % USERS.length]!;
  return { ...card, processes: [{ pid: 4_000 + card.id, user, command: 'python train.py --config base.yaml', memory_used: card.memory_used - 2 ** 28 }] };
}

function idOf(index: number): string {
  return `${prefix}${String(index).padStart(4, '0')}`;
}

function inventory(index: number): Inventory {
  const gpu_type = MODELS[index % MODELS.length]!;
  return {
    v: 1, server: idOf(index), name: `${GROUPS[index % GROUPS.length]}-${index}`, address: `10.0.${index >> 8}.${index & 255}`, location: `Room ${index % 12}`,
    os: 'Debian 12', kernel: '6.1.0', cpu_model: 'EPYC', cpu_cores: 64, memory_limit: 270_582_939_648, hdd_total: 8_315_412_000_768, gpu_num: cards,
    gpus: Array.from({ length: cards }, (_, gpu_id) => ({ gpu_id, gpu_type, gpu_memory_limit: 25_757_220_864 })),
  };
}
