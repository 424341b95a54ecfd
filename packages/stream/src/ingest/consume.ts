import { DeliverPolicy, jetstream, jetstreamManager, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message } from './decode.js';
import type { Delivery } from './tail.js';

export interface ConsumeOptions {
  readonly stream: string;
  /** Where to begin: everything kept, or what the broker received from a moment on (Unix ms). */
  readonly from: 'all' | { readonly received_ts: number };
  readonly onMessage: (message: Message, delivery: Delivery) => void;
}

/**
 * Reads a stream in order, for as long as it lives, without acknowledgements: the latest matters here, and a restart reads again.
 *
 * The short expiry and heartbeat are what lets an ordered consumer come back 2.4 s after a broker's crash;
 * with the client's defaults it stays silent for 45 s.
 */
export async function consume(nats: NatsConnection, { stream, from, onMessage }: ConsumeOptions): Promise<AsyncDisposable> {
  const consumer = await jetstream(nats).consumers.get(
    stream,
    from === 'all'
      ? { deliver_policy: DeliverPolicy.All }
      : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: await firstSince(nats, stream, from.received_ts) },
  );
  const messages: ConsumerMessages = await consumer.consume({
    max_messages: 5_000,
    expires: 5_000,
    idle_heartbeat: 1_000,
    callback: (message) => onMessage(toMessage(message), toDelivery(message)),
  });
  return {
    async [Symbol.asyncDispose]() {
      await messages.close();
    },
  };
}

/**
 * A consumer that was started by time can't be made again: the client (3.3.1) sends the time beside the sequence to go on from,
 * the broker refuses both together, and the client asks for ever. So a time is turned into a sequence first.
 */
async function firstSince(nats: NatsConnection, stream: string, received_ts: number): Promise<number> {
  const { state } = await (await jetstreamManager(nats)).streams.info(stream);
  if (state.messages === 0 || Date.parse(state.last_ts) < received_ts) return state.last_seq + 1;
  const consumer = await jetstream(nats).consumers.get(stream, { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(received_ts).toISOString() });
  const message = await consumer.next({ expires: 5_000 });
  return message?.seq ?? state.last_seq + 1;
}

/** The newest message of every subject, as far as the stream still has it. */
export async function* latestPerSubject(nats: NatsConnection, stream: string): AsyncGenerator<Message> {
  const consumer = await jetstream(nats).consumers.get(stream, { deliver_policy: DeliverPolicy.LastPerSubject });
  const messages = await consumer.fetch({ max_messages: 100_000, expires: 1_000 });
  for await (const message of messages) {
    yield toMessage(message);
    if (message.info.pending === 0) break;
  }
}

export const toMessage = (message: JsMsg): Message => ({
  subject: message.subject,
  data: message.data,
  stream_seq: message.seq,
  received_ts: Math.floor(message.info.timestampNanos / 1e6),
});

const toDelivery = ({ info: { consumer, deliverySequence: delivered, pending } }: JsMsg): Delivery => ({ consumer, delivered, pending });
