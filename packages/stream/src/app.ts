import type { AddressInfo } from 'node:net';
import { systemClock, type Alert, type Clock } from '@vacancy/shared';
import { isLoopback, type Config } from './config.js';
import { access } from './http/access.js';
import { createMetrics } from './http/metrics.js';
import { healthRoutes, type Health } from './http/routes/health.js';
import { liveRoutes } from './http/routes/live.js';
import { createHttp } from './http/server.js';
import { connectNats } from './ingest/connect.js';
import { ensureStreams } from './ingest/streams.js';
import { Lifetime } from './lifetime.js';
import { Live } from './live/live.js';
import { createPush, type Push } from './live/push.js';
import type { Transition } from './live/table.js';
import type { Log } from './log.js';
import { likeServer } from './recommend/rank.js';

export interface AppOptions {
  readonly config: Config;
  /** The built pages. */
  readonly web_dir: string;
  readonly version: string;
  readonly log: Log;
}

export interface App extends AsyncDisposable {
  /** Where pages and API answer. */
  readonly url: string;
  readonly health: () => Health;
}

/** Wires the service in the order a sample meets its parts; disposal releases them in reverse. */
export async function startApp({ config, web_dir, version, log }: AppOptions, clock: Clock = systemClock): Promise<App> {
  const life = new Lifetime();
  try {
    const nats = await connectNats({ ...config.nats, tls_ca: config.nats.tls_ca }, 'vacancy-stream');
    life.onEnd(() => nats.close());
    await ensureStreams(nats, config.stream);

    let push: Push | null = null;
    const live = life.own(
      new Live(
        {
          nats,
          idle: config.idle,
          held: () => null,
          likeServer: (rows, now) => likeServer(rows, now),
          lag_ms: () => null,
          onTransition: (transition) => push?.alert(toAlert(transition, live)),
        },
        clock,
      ),
    );

    const gate = { password: config.http.password, loopback: isLoopback(config.http.host) };
    const health = (): Health => ({
      broker: { ready: !nats.isClosed(), detail: `nats-server ${nats.info?.version ?? 'unknown'}` },
      database: { ready: true, detail: '' },
      windows: { ready: live.feed.warm, detail: live.feed.warm ? 'warm' : 'being rebuilt from the stream' },
    });
    const metrics = createMetrics(
      () => live.rows(),
      () => ({
        received: live.feed.received, rejected: {}, duplicates: 0, inserted: 0, pending: 0, lag_ms: null,
        sockets: push?.clients ?? 0, sockets_behind: push?.clientsBehind ?? 0,
      }),
    );
    const http = await createHttp(
      { access: gate, web_dir, version, log: log.child({ part: 'http' }) },
      {
        api: (app) => liveRoutes(app, live),
        root(app) {
          healthRoutes(app, health);
          app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
        },
      },
    );
    push = createPush(http.server, { source: live, allow: (headers) => access(headers, gate) === 'ok' }, clock);
    await live.start();
    await http.listen({ host: config.http.host, port: config.http.port });
    life.onEnd(() => http.close());
    life.own(push);

    const { port } = http.server.address() as AddressInfo;
    const url = `http://${config.http.host}:${port}`;
    log.info({ url, version }, 'ready');
    return { url, health, [Symbol.asyncDispose]: () => life[Symbol.asyncDispose]() };
  } catch (error) {
    await life[Symbol.asyncDispose]();
    throw error;
  }
}

function toAlert({ server, online, ts }: Transition, live: Live): Alert {
  const name = live.row(server)?.name ?? server;
  return {
    id: `${online ? 'online' : 'offline'}:${server}:${ts}`,
    ts,
    kind: online ? 'server_online' : 'server_offline',
    server,
    message: online ? `${name} is back` : `${name} fell silent`,
    data: { name },
  };
}
