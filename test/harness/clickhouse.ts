import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type ClickHouseClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { startEngine, type Engine, type EngineOptions } from '../../packages/stream/src/engine/index.js';
import { silentLog } from '../../packages/stream/src/log.js';

export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly dataDir: string;
  /** The stock client with the service's credentials; closed with the engine. */
  client(options?: ClickHouseClientConfigOptions): ClickHouseClient;
}

/** A real engine on a folder and port of its own; both go with it. */
export async function startTestEngine(options: Partial<EngineOptions> = {}): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'vacancy-engine-'));
  const dataDir = options.dataDir ?? folder;
  const engine = await startEngine({ log: silentLog, port: 0, ...options, dataDir });
  const clients: ClickHouseClient[] = [];
  return {
    engine, url: engine.url, username: engine.username, password: engine.password, dataDir,
    client(settings = {}) {
      const client = createClient({ url: engine.url, username: engine.username, password: engine.password, ...settings });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close()));
      await engine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
