// (a) The least that a consumer can do: take every message off the wire and count it.
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { SAMPLES_STREAM } from '@vacancy/shared';
import { parameters, say } from './processes.js';

const { url, count } = parameters<{ url: string; count: number }>();
const nats = await connect({ servers: url, noAsyncTraces: true });
const consumer = await jetstream(nats).consumers.get(SAMPLES_STREAM);
const before = process.cpuUsage();
const start = performance.now();
let received = 0;
await new Promise<void>((resolve) => {
  void consumer.consume({ max_messages: 5000, callback: () => void (++received === count && resolve()) });
});
const wall_s = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
say({ wall_s, cpu_s: (user + system) / 1e6 });
await nats.close();
process.exit(0);
