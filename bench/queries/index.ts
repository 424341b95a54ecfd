import os from 'node:os';
import { buildReport } from '../../packages/stream/src/reports/build.js';
import { spanAt } from '../../packages/stream/src/reports/period.js';
import { openDatabase } from '../../packages/stream/src/store/client.js';
import { migrate } from '../../packages/stream/src/store/migrate.js';
import { fleetSeries } from '../../packages/stream/src/store/queries/fleet.js';
import { serverSeries } from '../../packages/stream/src/store/queries/series.js';
import { defaultSettings } from '../../packages/stream/src/store/settings.js';
import { startTestEngine } from '../../test/harness/clickhouse.js';
import { cpuOf } from '../ingest/processes.js';
import { fill } from './fill.js';

// What does a monthly report cost the database? See README.md beside this file.

const knob = (name: string, fallback: number): number => Number(process.env[`BENCH_${name}`] ?? fallback);
const SERVERS = knob('SERVERS', 200);
const CARDS = knob('CARDS', 8);
const ROUNDS = knob('ROUNDS', 7);
const DAY_MS = 86_400_000;
/** All queries of the report together. */
const GOAL_MS = 200;

const settings = defaultSettings({ timezone: 'UTC' });
const month = spanAt('month', Date.now() - 31 * DAY_MS, 'UTC');

const engine = await startTestEngine();
const db = openDatabase({ url: engine.url, username: engine.username, password: engine.password });
await migrate(db, settings);
console.log(`${os.cpus()[0]!.model}, ${os.cpus().length} cores, Node ${process.version}, load ${os.loadavg()[0]!.toFixed(1)}`);
console.log(`${SERVERS} servers with ${CARDS} cards, 62 days of archives\n`);
await fill(db, { servers: SERVERS, cards: CARDS, days: 62, end: month.to / 1000 });

const queries: Record<string, () => Promise<unknown>> = {
  month_report: () => buildReport(db, month, Date.now()),
  servers_by_month: () => db.rows('SELECT * FROM servers_by_month'),
  gpus_by_month: () => db.rows('SELECT * FROM gpus_by_month'),
  servers_by_day: () => db.rows('SELECT * FROM servers_by_day WHERE bucket >= toDateTime({from:UInt32})', { from: month.from / 1000 }),
  server_series_month: () => serverSeries(db, settings, { server: 'gpu001', fields: ['cpu', 'memory_used', 'gpu.0.utilization'], from: month.from, to: month.to }),
  fleet_series_month: () => fleetSeries(db, settings, { fields: ['cpu', 'idle_rate_free8g'], from: month.from, to: month.to }),
};
for (const [name, run] of Object.entries(queries)) {
  const times: number[] = [];
  const before = cpuOf(engine.engine.pid!);
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  console.log(`RESULT queries.${name}_engine_cpu_ms ${(((cpuOf(engine.engine.pid!) - before) * 1000) / ROUNDS).toFixed(0)}`);
  // The best round: what the query costs. The others are what else the machine did.
  console.log(`RESULT queries.${name}_ms ${Math.min(...times).toFixed(1)}${name === 'month_report' ? ` goal <= ${GOAL_MS}` : ''}`);
  console.log(`  first ${times[0]!.toFixed(1)}, median ${times.toSorted((a, b) => a - b)[ROUNDS >>> 1]!.toFixed(1)} ms`);
}
await db[Symbol.asyncDispose]();
await engine[Symbol.asyncDispose]();
process.exit(0);
