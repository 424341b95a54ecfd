import { readFile } from 'node:fs/promises';
import { connect, nkeyAuthenticator, type NatsConnection } from '@nats-io/transport-node';

export interface BrokerOptions {
  readonly url: string;
  /** File of the service's nkey seed; null where the broker asks for none. */
  readonly credentials: string | null;
  readonly tls_ca: string | null;
}

export interface Broker extends AsyncDisposable {
  readonly nats: NatsConnection;
  /** False while the connection is being made again. */
  readonly connected: boolean;
  readonly version: string;
}

/**
 * Connects for good: a broker that is not there yet, or is away for a day, is waited for.
 * (By default the client gives up for ever after 20 s.)
 */
export async function connectBroker({ url, credentials, tls_ca }: BrokerOptions, name: string): Promise<Broker> {
  const nats = await connect({
    servers: url.split(','),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    waitOnFirstConnect: true,
    // Without it every request builds an Error for its stack: 13,000 instead of 21,000 publishes a second.
    noAsyncTraces: true,
    ...(credentials && { authenticator: nkeyAuthenticator(new TextEncoder().encode((await readFile(credentials, 'utf8')).trim())) }),
    ...(tls_ca && { tls: { caFile: tls_ca } }),
  });
  let connected = true;
  void (async () => {
    for await (const { type } of nats.status()) {
      if (type === 'disconnect' || type === 'reconnect') connected = type === 'reconnect';
    }
  })();
  return {
    nats,
    get connected() {
      return connected && !nats.isClosed();
    },
    get version() {
      return nats.info?.version ?? 'unknown';
    },
    [Symbol.asyncDispose]: () => nats.close(),
  };
}
