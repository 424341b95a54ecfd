import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Publish } from './session.js';

/** Puts what the clients sent where agents put theirs: from there on nothing knows the difference. */
export function publishToStreams(nats: NatsConnection): Publish {
  const streams = jetstream(nats);
  return (subject, data, message_id) => streams.publish(subject, data, message_id === undefined ? {} : { msgID: message_id });
}
