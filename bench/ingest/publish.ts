// Fills the stream with the workload; not measured.
import { connect, createInbox, headers } from '@nats-io/transport-node';
import { messageId, sampleSubject } from '@vacancy/shared';
import { parameters, say } from './processes.js';
import { samples, type Workload } from './workload.js';

const { url, count, workload } = parameters<{ url: string; count: number; workload: Workload }>();
const nats = await connect({ servers: url, noAsyncTraces: true });
const inbox = createInbox();
let acked = 0;
let wake = (): void => {};
nats.subscribe(inbox, { callback: () => (acked++, wake()) });

let sent = 0;
let bytes = 0;
for (const sample of samples(workload)) {
  if (sent === count) break;
  const data = JSON.stringify(sample);
  const named = headers();
  named.set('Nats-Msg-Id', messageId(sample));
  nats.publish(sampleSubject(sample.server), data, { reply: inbox, headers: named });
  bytes += data.length;
  sent++;
  while (sent - acked > 1000) await new Promise<void>((resolve) => (wake = resolve));
}
while (acked < sent) await new Promise<void>((resolve) => (wake = resolve));
await nats.close();
say({ sent, bytes });
