import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { SECOND, systemClock, type Clock } from '@vacancy/shared';
import { alertRoutes, createAlertDelivery, createAlerts, isAlertsState, type Alerts } from './alerts/index.js';
import { isLoopback, type Config } from './config.js';
import { readDeliveries } from './deliver/index.js';
import { startEngine, type Engine } from './engine/index.js';
import { agentFileRoutes } from './enroll/index.js';
import { access } from './http/access.js';
import { createMetrics } from './http/metrics.js';
import { healthRoutes, type Health } from './http/routes/health.js';
import { liveRoutes } from './http/routes/live.js';
import { rebuildRoutes } from './http/routes/rebuild.js';
import { seriesRoutes } from './http/routes/series.js';
import { createHttp } from './http/server.js';
import { connectBroker, type Broker } from './ingest/connect.js';
import { ensureStreams } from './ingest/streams.js';
import { Tail } from './ingest/tail.js';
import { jsonFile } from './keeper.js';
import { isLastHeard } from './live/last-heard.js';
import { Lifetime } from './lifetime.js';
import { Live } from './live/live.js';
import { createPush, type Push } from './live/push.js';
import type { Log } from './log.js';
import { createDeliver } from './recommend/deliver.js';
import { isHolds, isWishes } from './recommend/kept.js';
import { clickhouseLog } from './recommend/log-store.js';
import { createRecommender, type Recommender } from './recommend/recommender.js';
import { recommendRoutes } from './recommend/routes.js';
import { createSteadiness, isGapsState } from './recommend/steadiness.js';
import { createReports } from './reports/index.js';
import { fileAccounts, publishToStreams, startServerStatusListener } from './serverstatus/index.js';
import { createStore, type Store } from './store/store.js';

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
  /** Where SQL is answered. */
  readonly clickhouseUrl: string;
  /** The embedded engine, null where the database is elsewhere. */
  readonly engine: Engine | null;
  readonly store: Store;
  health(): Health;
}

/** Wires the service in the order a sample meets its parts; disposal releases them in reverse. */
export async function startApp(options: AppOptions, clock: Clock = systemClock): Promise<App> {
  const life = new Lifetime();
  try {
    return await wire(options, clock, life);
  } catch (error) {
    await life[Symbol.asyncDispose]();
    throw error;
  }
}

async function wire({ config, web_dir, version, log }: AppOptions, clock: Clock, life: Lifetime): Promise<App> {
  const broker = life.own(await connectBroker(config.nats, 'vacancy-stream'));
  const { nats } = broker;
  await ensureStreams(nats, config.stream, log.child({ part: 'streams' }));

  const engine = config.clickhouse.url === null ? life.own(await openEngine(config, log, clock)) : null;
  const clickhouse = engine ?? { ...config.clickhouse, url: config.clickhouse.url! };
  const tail = new Tail();
  const store = life.own(
    createStore(
      {
        nats,
        tail,
        shared: engine === null,
        clickhouse: { url: clickhouse.url, username: clickhouse.username, password: clickhouse.password },
        dataDir: path.join(config.data_dir, 'store'),
        timezone: config.timezone,
        retention: { ...config.retention, day_days: null },
        idle: config.idle,
        fsync: config.fsync,
        log: log.child({ part: 'store' }),
      },
      clock,
    ),
  );

  const kept = <T>(name: string, accept: (value: unknown) => value is T) => jsonFile(path.join(config.data_dir, `${name}.json`), accept);

  let push: Push | null = null;
  let alerts: Alerts | null = null;
  let recommender: Recommender | null = null;
  const live = life.own(
    new Live(
      {
        nats,
        tail,
        idle: config.idle,
        idle_lead: config.idle_lead,
        held: (server, gpu) => recommender?.held(server, gpu) ?? null,
        likeServer: () => recommender?.likeServer() ?? [],
        store_lag_ms: () => store.status().lag_ms,
        lastHeard: kept('last-heard', isLastHeard),
        onSaveFailed: (error) => log.error({ err: error }, 'what was last heard of servers cannot be saved'),
      },
      clock,
    ),
  );
  live.feed.inventories.subscribe((inventory) => void store.saveInventory(inventory).catch((error: unknown) => log.warn({ err: error }, 'inventory not stored')));

  const deliver = { targets: config.reports.deliveries ? await readDeliveries(config.reports.deliveries, config.allow_private_webhooks) : [], allowPrivate: config.allow_private_webhooks, public_url: config.reports.public_url };
  const mail = deliver.targets.find((target) => target.kind === 'mail') ?? null;
  const reports = life.own(
    createReports(
      {
        db: store.db,
        timezone: store.settings.timezone,
        at: config.reports.at,
        push: (event) => push?.report(event),
        targets: deliver.targets,
        allow_private_webhooks: config.allow_private_webhooks,
        public_url: config.reports.public_url,
        idle_lead: config.idle_lead,
        log: log.child({ part: 'reports' }),
      },
      clock,
    ),
  );

  recommender = life.own(
    await createRecommender(
      {
        rows: () => live.rows(),
        log: log.child({ part: 'recommend' }),
        store: clickhouseLog(store.db),
        deliver: createDeliver({ alert: (alert) => alerts?.tell(alert), allowPrivate: config.allow_private_webhooks, mail, public_url: config.reports.public_url }, clock),
        holdKeeper: kept('recommend/holds', isHolds),
        wishKeeper: kept('recommend/wishes', isWishes),
        steadiness: await createSteadiness(kept('recommend/gaps', isGapsState), log.child({ part: 'steadiness' })),
        allowPrivate: config.allow_private_webhooks,
        canMail: mail !== null,
      },
      clock,
    ),
  );

  const health = () => toHealth(broker, store, engine, live, clock);
  const gate = { password: config.http.password, loopback: isLoopback(config.http.host) };
  const metrics = createMetrics(
    () => live.rows(),
    () => ({ ...store.status(), received: live.feed.received, sockets: push?.clients ?? 0, sockets_behind: push?.clientsBehind ?? 0 }),
  );
  const http = await createHttp(
    { access: gate, web_dir, version, log: log.child({ part: 'http' }) },
    {
      api(app) {
        liveRoutes(app, live);
        alertRoutes(app, () => alerts?.list() ?? { standing: [], recent: [] });
        seriesRoutes(app, { store, isKnown: (server) => live.row(server) !== null }, clock);
        recommendRoutes(app, recommender, clock);
        reports.routes(app);
        rebuildRoutes(app, store);
      },
      root(app) {
        healthRoutes(app, health);
        agentFileRoutes(app);
        app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
      },
    },
  );
  life.onEnd(() => http.close());
  push = life.own(createPush(http.server, { source: live, allow: (headers) => access(headers, gate) === 'ok' }, clock));
  const tellers = life.own(createAlertDelivery({ ...deliver, log: log.child({ part: 'alerts' }) }, clock));
  alerts = life.own(
    await createAlerts(
      {
        // While windows and table are being rebuilt, what they show is the past.
        see: () => (live.warm ? { rows: live.rows(), lag_ms: live.feed.lag_ms, store_lag_ms: store.status().lag_ms, now: live.feed.clock.now() } : null),
        push(alert) {
          push?.alert(alert);
          tellers.deliver(alert);
        },
        keeper: kept('alerts', isAlertsState),
        log: log.child({ part: 'alerts' }),
      },
      clock,
    ),
  );

  // The screen first: it needs no database, and the store takes what is read here instead of reading it again.
  await live.start();
  await store.start();
  reports.start();
  if (config.serverstatus) {
    const accounts = fileAccounts(serverStatusAccounts(config.data_dir));
    life.own(
      await startServerStatusListener({ ...config.serverstatus, accounts, publish: publishToStreams(nats), log: log.child({ part: 'serverstatus' }) }, clock),
    );
  }
  await http.listen({ host: config.http.host, port: config.http.port });
  const { port } = http.server.address() as AddressInfo;
  const url = `http://${config.http.host}:${port}`;
  log.info({ url, version }, 'ready');
  return { url, clickhouseUrl: clickhouse.url, engine, store, health, [Symbol.asyncDispose]: () => life[Symbol.asyncDispose]() };
}

/** The file of the accounts, shared with the command that edits it. */
export const serverStatusAccounts = (data_dir: string): string => path.join(data_dir, 'serverstatus.json');

const openEngine = (config: Config, log: Log, clock: Clock): Promise<Engine> =>
  startEngine(
    {
      dataDir: path.join(config.data_dir, 'clickhouse'),
      port: config.clickhouse.port,
      limits: { memory: config.clickhouse.memory_bytes },
      log: log.child({ part: 'engine' }),
    },
    clock,
  );

/** A failure this recent says that the database is away now. */
const RECENT_MS = 15 * SECOND;

function toHealth(broker: Broker, store: Store, engine: Engine | null, live: Live, clock: Clock): Health {
  const { ready, pending, lag_ms, last_error } = store.status();
  const failing = last_error !== null && clock.now() - last_error.ts < RECENT_MS;
  return {
    broker: { ready: broker.connected, detail: broker.connected ? `nats-server ${broker.version}` : 'not connected; it is tried again' },
    database: {
      ready: ready && !failing && engine?.ready() !== false,
      detail: failing ? last_error.message : ready ? 'storing' : 'being prepared',
      pending,
      lag_ms,
    },
    windows: { ready: live.warm, detail: live.warm ? 'warm' : 'being rebuilt from the stream' },
  };
}
