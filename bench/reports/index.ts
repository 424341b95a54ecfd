// How long does a month's report take: to build from the archives, and to read back once it is kept?
//
// 200 servers × 8 cards, October 2026, with the month before it to compare with. Both are asked of the embedded engine through
// the code the service runs. Medians of several runs; the first, which finds cold caches, is reported beside them.

import { ManualClock } from '../../packages/shared/src/index.js';
import { silentLog } from '../../packages/stream/src/log.js';
import { buildReport } from '../../packages/stream/src/reports/build.js';
import { parseStart } from '../../packages/stream/src/reports/period.js';
import { ReportBook } from '../../packages/stream/src/reports/reports.js';
import { openDatabase } from '../../packages/stream/src/store/client.js';
import { migrate } from '../../packages/stream/src/store/migrate.js';
import { defaultSettings } from '../../packages/stream/src/store/settings.js';
import { startTestEngine } from '../../test/harness/clickhouse.js';
import { fillArchives } from './month.js';

const timezone = 'Asia/Shanghai';
const fleet = { servers: Number(process.argv[2] ?? 200), cards: 8, users: 60 };
const runs = 9;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const began = performance.now();
  const value = await work();
  return { ms: performance.now() - began, value };
}

async function repeated<T>(times: number, work: () => Promise<T>): Promise<{ first: number; median: number }> {
  const all: number[] = [];
  for (let i = 0; i < times; i++) all.push((await timed(work)).ms);
  return { first: all[0]!, median: median(all.slice(1)) };
}

async function main(): Promise<void> {
  await using engine = await startTestEngine();
  await using db = openDatabase({ ...engine, database: 'bench' });
  await migrate(db, defaultSettings({ timezone }));
  const span = parseStart('month', '2026-10', timezone);
  if (!span.ok) throw new Error(span.error);
  const filled = await timed(() => fillArchives(db, fleet, Date.parse('2026-08-31T16:00Z'), span.value.to));
  console.log(`${fleet.servers} servers x ${fleet.cards} cards, September and October in the archives (${(filled.ms / 1000).toFixed(0)} s to fill)`);

  const build = await repeated(runs, () => buildReport(db, span.value, span.value.to));
  const book = new ReportBook({ db, timezone, log: silentLog }, new ManualClock(span.value.to + 600_000));
  const make = await timed(() => book.make(span.value));
  const read = await repeated(4 * runs, () => book.get(span.value));
  console.log(`build: first ${build.first.toFixed(0)} ms, then ${build.median.toFixed(0)} ms; made and kept in ${make.ms.toFixed(0)} ms; ${(JSON.stringify(make.value).length / 1024).toFixed(0)} KiB of JSON`);
  console.log(`read back: first ${read.first.toFixed(0)} ms, then ${read.median.toFixed(0)} ms`);
  console.log(`RESULT reports.build_ms ${build.median.toFixed(0)} goal <= 1000`);
  console.log(`RESULT reports.read_ms ${read.median.toFixed(1)} goal <= 50`);
}

await main();
