// (b) The whole pipeline on a backlog: windows and live table read the stream, persistence takes what they have read.
import { connect } from '@nats-io/transport-node';
import { DEFAULT_IDLE } from '@vacancy/shared';
import { Tail } from '../../packages/stream/src/ingest/tail.js';
import { Live } from '../../packages/stream/src/live/live.js';
import { silentLog } from '../../packages/stream/src/log.js';
import { migrate } from '../../packages/stream/src/store/migrate.js';
import { createStore } from '../../packages/stream/src/store/store.js';
import type { DatabaseOptions } from '../../packages/stream/src/store/client.js';
import { parameters, say } from './processes.js';

const { url, count, clickhouse, dataDir, live: withLive } = parameters<{
  url: string; count: number; clickhouse: DatabaseOptions; dataDir: string; live: boolean;
}>();
const nats = await connect({ servers: url, noAsyncTraces: true });
const tail = new Tail();
const store = createStore({ nats, tail, clickhouse, dataDir, log: silentLog, timezone: 'UTC' });
const live = new Live({ nats, tail, idle: DEFAULT_IDLE, idle_lead: 'free8g', held: () => null, likeServer: () => [], store_lag_ms: () => null });

// Migrating is not part of the question.
await migrate(store.db, store.settings);
const before = process.cpuUsage();
const start = performance.now();
await store.start();
if (withLive) await live.start();
while (store.status().inserted < count || (withLive && live.feed.received < count)) {
  if (performance.now() - start > 300_000) throw new Error(JSON.stringify(store.status()));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const wall_s = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
say({ wall_s, cpu_s: (user + system) / 1e6, rows: live.rows().length, batches: store.status().batches });
await new Promise((resolve) => process.once('SIGTERM', resolve));
await live[Symbol.asyncDispose]();
await store[Symbol.asyncDispose]();
await nats.close();
process.exit(0);
