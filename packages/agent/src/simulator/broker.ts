import { connect, headers, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { systemClock, type Clock } from '@vacancy/shared/plain';

export interface Broker {
  readonly url: string;
  /** The nkey seed to sign in with, where the broker asks for one: the stream service's, as simulated servers have none. */
  readonly seed?: Uint8Array;
}

const ACK_TIMEOUT = 2_000;
const RETRY_AFTER = 500;
/** About half a minute without the broker; simulated samples are not worth a spool. */
const ATTEMPTS = 12;

export const connectBroker = ({ url, seed }: Broker): Promise<NatsConnection> =>
  connect({
    servers: url.split(','), name: 'vacancy-simulator', maxReconnectAttempts: -1, waitOnFirstConnect: true, noAsyncTraces: true,
    ...(seed && { authenticator: nkeyAuthenticator(seed) }),
  });

export interface Outgoing {
  readonly subject: string;
  readonly data: string;
  /** The message id makes repeats harmless. */
  readonly id?: string;
}

/** Sends until JetStream has it. @returns whether it has, before too many attempts or the end of `going`. */
export async function publish(connection: NatsConnection, message: Outgoing, going: () => boolean, clock: Clock = systemClock): Promise<boolean> {
  const extra = headers();
  if (message.id) extra.set('Nats-Msg-Id', message.id);
  for (let attempt = 0; attempt < ATTEMPTS && !connection.isClosed(); attempt++) {
    if (attempt) await new Promise<void>((done) => clock.setTimer(RETRY_AFTER, done));
    try {
      const ack = await connection.request(message.subject, message.data, { timeout: ACK_TIMEOUT, headers: extra });
      if (!ack.json<{ error?: unknown }>().error) return true;
    } catch {
      // No stream yet, no broker, or a lost answer: the next attempt tells, and what stays unsent is counted.
    }
    if (!going()) return false;
  }
  return false;
}
