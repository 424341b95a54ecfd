import { connect, nkeyAuthenticator, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';

export interface BrokerOptions {
  readonly server: string;
  readonly nats_url: readonly string[];
  readonly seed?: Uint8Array;
  readonly nats_ca?: string;
}

/** The one place under which this agent may listen: acknowledgements of what it sent. */
export const inboxPrefix = (server: string): string => `_INBOX_${server}`;

/** Connects once; from then on the client reconnects by itself for ever. */
export function connectBroker(options: BrokerOptions): Promise<NatsConnection> {
  const secure = options.nats_ca !== undefined || options.nats_url.some((url) => url.startsWith('tls://'));
  const connection: NodeConnectionOptions = {
    servers: [...options.nats_url],
    name: `vacancy-agent ${options.server}`,
    inboxPrefix: inboxPrefix(options.server),
    maxReconnectAttempts: -1,
    // A thousand agents must not come back to a restarted broker in the same instant.
    reconnectTimeWait: 250,
    reconnectJitter: 750,
    reconnectJitterTLS: 2_000,
    timeout: 5_000,
    pingInterval: 20_000,
    maxPingOut: 2,
    ignoreAuthErrorAbort: true,
    // Without it every request builds an Error for its stack.
    noAsyncTraces: true,
    ...(options.seed ? { authenticator: nkeyAuthenticator(options.seed) } : {}),
    // Only an explicit `tls` insists on it; the URL alone would fall back to plain text.
    ...(secure ? { tls: options.nats_ca ? { caFile: options.nats_ca } : {} } : {}),
  };
  return connect(connection);
}
