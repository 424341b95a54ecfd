// How long does a month's report take: to make from the archives, to read back once it is kept, and to become a page? See README.md.

import { cpus, loadavg } from 'node:os';
import { ManualClock } from '../../packages/shared/src/index.js';
import { silentLog } from '../../packages/stream/src/log.js';
import { buildReport } from '../../packages/stream/src/reports/build.js';
import { parseStart } from '../../packages/stream/src/reports/period.js';
import { renderHtml } from '../../packages/stream/src/reports/render/html.js';
import { ReportBook } from '../../packages/stream/src/reports/reports.js';
import { openDatabase } from '../../packages/stream/src/store/client.js';
import { migrate } from '../../packages/stream/src/store/migrate.js';
import { defaultSettings } from '../../packages/stream/src/store/settings.js';
import { startTestEngine } from '../../test/harness/clickhouse.js';
import { fillArchives } from './month.js';

const timezone = 'Asia/Shanghai';
const knob = (name: string, value: number): number => Number(process.env[name] ?? value);
const fleet = { servers: knob('BENCH_SERVERS', 200), cards: knob('BENCH_CARDS', 8), users: knob('BENCH_USERS', 60) };
const runs = knob('BENCH_ROUNDS', 9);

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
  const html = await repeated(runs, () => renderHtml(make.value, { lang: 'zh' }));
  const look = await repeated(runs, () => book.reviseLate());
  console.log(`build: first ${build.first.toFixed(0)} ms, then ${build.median.toFixed(0)} ms; made and kept in ${make.ms.toFixed(0)} ms; ${(JSON.stringify(make.value).length / 1024).toFixed(0)} KiB of JSON`);
  console.log(`read back: first ${read.first.toFixed(0)} ms, then ${read.median.toFixed(0)} ms`);
  console.log(`page: first ${html.first.toFixed(0)} ms, then ${html.median.toFixed(0)} ms; a look for late data: ${look.median.toFixed(0)} ms`);
  console.log(`load of this machine: ${loadavg()[0]!.toFixed(1)} on ${cpus().length} cores, Node ${process.version}`);
  console.log(`RESULT reports.make_ms ${make.ms.toFixed(0)} goal <= 1000`);
  console.log(`RESULT reports.build_ms ${build.median.toFixed(0)} goal <= 1000`);
  console.log(`RESULT reports.read_ms ${read.median.toFixed(1)} goal <= 50`);
  console.log(`RESULT reports.html_ms ${html.median.toFixed(0)}`);
}

await main();
