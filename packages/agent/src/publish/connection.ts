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
    reconnectDelayHandler: reconnectDelay(),
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

/** Short enough that a restarted broker does not make its servers look offline. */
const DELAY_MS = { first: 250, most: 2_000 };
const QUIET_MS = 30_000;

/**
 * Longer from one attempt to the next, and never the same for two agents: a thousand of them must not come back to a restarted
 * broker in one instant. An attempt long after the last one belongs to another outage.
 */
export function reconnectDelay(now: () => number = Date.now, random: () => number = Math.random): () => number {
  let attempt = 0;
  let last = -Infinity;
  return () => {
    attempt = now() - last > QUIET_MS ? 0 : attempt + 1;
    last = now();
    return Math.round(Math.min(DELAY_MS.most, DELAY_MS.first * 2 ** attempt) * (0.5 + random()));
  };
}
