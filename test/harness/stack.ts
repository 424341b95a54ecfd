import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NatsConnection } from '@nats-io/transport-node';
import { createLog, envToConfig, startApp, type App } from '@vacancy/stream';
import { startTestNats, waitFor, type TestNats } from './nats.ts';

/** The whole of Vacancy but agents: a real nats-server, the real engine, the service, the built pages. */
export interface Stack extends AsyncDisposable {
  readonly url: string;
  readonly clickhouseUrl: string;
  readonly nats: TestNats;
  readonly app: App;
  readonly dataDir: string;
  /** Stops the service and starts it again on the same data. */
  restart(): Promise<void>;
  api<T = Record<string, unknown>>(route: string): Promise<T>;
  sql<T = Record<string, unknown>>(query: string): Promise<T[]>;
  connect(): Promise<NatsConnection>;
}

export async function startStack({ env = {}, port = 0 }: { env?: Record<string, string>; port?: number } = {}): Promise<Stack> {
  const nats = await startTestNats();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'vacancy-data-'));
  const config = envToConfig({
    VACANCY_NATS_URL: nats.url,
    VACANCY_DATA_DIR: dataDir,
    VACANCY_PORT: String(port),
    VACANCY_CLICKHOUSE_PORT: '0',
    VACANCY_TIMEZONE: 'Asia/Shanghai',
    VACANCY_STREAM_BYTES: '1GiB',
    VACANCY_LOG_LEVEL: 'error',
    ...env,
  });
  const options = {
    config,
    web_dir: fileURLToPath(new URL('../../packages/web/dist', import.meta.url)),
    version: '0.0.0-test',
    log: createLog(config.log_level),
  };
  let app = await startApp(options);
  const ready = () => waitFor(() => fetch(`${app.url}/readyz`).then((answer) => answer.ok, () => false), 30_000, 'readiness');
  await ready();
  return {
    get url() {
      return app.url;
    },
    get clickhouseUrl() {
      return app.clickhouseUrl;
    },
    get app() {
      return app;
    },
    nats,
    dataDir,
    async restart() {
      await app[Symbol.asyncDispose]();
      app = await startApp(options);
      await ready();
    },
    async api<T>(route: string): Promise<T> {
      return (await (await fetch(`${app.url}/api/v1${route}`)).json()) as T;
    },
    async sql<T>(query: string): Promise<T[]> {
      const answer = await fetch(`${app.clickhouseUrl}/?${new URLSearchParams({ query: `${query} FORMAT JSONEachRow` })}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(text);
      return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as T);
    },
    connect: () => nats.connect(),
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await nats[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
