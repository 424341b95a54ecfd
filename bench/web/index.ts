import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from '@playwright/test';
import { knob, quantile, result, spread } from '../live/figures.js';
import { load, run } from '../live/run.js';
import { startHelper, startStack, type BenchStack } from '../live/stack.js';
import { openHome, startBrowser, type Shown } from './browser.js';
import { firstLoad, type FirstLoad } from './first-load.js';
import { traceFrames, type Frames } from './frames.js';
import { trend, watchHeap, type Held } from './heap.js';

// What does the home page cost the browser that keeps it open? See README.md beside this file.

const SERVERS = knob('SERVERS', 1_000);
const CARDS = knob('CARDS', 8);
const SECONDS = knob('SECONDS', 60);
const MINUTES = knob('MINUTES', 10);
/** A fleet as the request has it, for comparison. */
const FEW = 12;
const WARM_UP_MS = 10_000;
const LOOK_EVERY_MS = 30_000;
/** Until then figures of windows that had none begin to be known, and scripts are compiled: both take memory once. */
const SETTLE_MS = 60_000;
/** A frame that only was asked for costs some tenths of a millisecond; to take in a message, or to draw, more than this. */
const BUSY_MS = 1;
const GOAL = { first_load_kb: 250, frame_ms: 16, growth_percent: 5 };
const DIST = fileURLToPath(new URL('../../packages/web/dist', import.meta.url));

await run((SECONDS * 1.5 + MINUTES * 60 + 480) * 1000, async (own) => {
  const scripts = firstLoad(DIST);
  reportFirstLoad(scripts);

  const stack = own(await startStack());
  own(startHelper('publish.ts', { url: stack.nats_url, prefix: 'few', servers: FEW, cards: CARDS }));
  const browser = await startBrowser();
  own({ [Symbol.asyncDispose]: () => browser.close() });
  const few = await measureFrames(browser, stack, FEW, SECONDS / 2, scripts);
  await few.shown.page.close();

  own(startHelper('publish.ts', { url: stack.nats_url, prefix: 'gpu', servers: SERVERS - FEW, cards: CARDS }));
  const all = await measureFrames(browser, stack, SERVERS, SECONDS, scripts);
  reportFrames(few.frames, all.frames);

  if (MINUTES > 0) await measureHeap(all.shown);
});

function reportFirstLoad(scripts: readonly FirstLoad[]): void {
  const kb = scripts.reduce((sum, { gzip_bytes }) => sum + gzip_bytes, 0) / 1000;
  console.log(`\n${scripts.length} scripts before the home page shows, the largest:`);
  for (const { file, gzip_bytes } of [...scripts].sort((a, b) => b.gzip_bytes - a.gzip_bytes).slice(0, 5)) console.log(`  ${(gzip_bytes / 1000).toFixed(1).padStart(6)} KB  ${file}`);
  result('web.first_load_js_kb', kb, `<= ${GOAL.first_load_kb}`);
}

async function measureFrames(browser: Browser, stack: BenchStack, servers: number, seconds: number, scripts: readonly FirstLoad[]): Promise<{ shown: Shown; frames: Frames }> {
  await stack.untilServers(servers);
  const shown = await openHome(browser, stack.url);
  await noOtherScripts(shown, scripts);
  await sleep(WARM_UP_MS);
  const frames = await traceFrames(browser, shown.page, seconds * 1000);
  describe(`${servers} servers, ${seconds} s`, frames);
  return { shown, frames };
}

/** The list that was added up is what a browser loads, except that it takes one language of two. */
async function noOtherScripts({ page }: Shown, scripts: readonly FirstLoad[]): Promise<void> {
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname.slice(1)));
  const known = new Set(scripts.map(({ file }) => file));
  const others = loaded.filter((file) => file.endsWith('.js') && !known.has(file) && !path.basename(file).startsWith('en-'));
  if (others.length > 0) throw new Error(`the home page also loads ${others.join(', ')}`);
}

function of({ frames }: Frames, field: 'wall_ms' | 'cpu_ms', drawn = false): number[] {
  return frames.filter((frame) => frame.drawn || !drawn).map((frame) => frame[field]);
}

function busy({ frames }: Frames, field: 'wall_ms' | 'cpu_ms'): number[] {
  return frames.filter(({ cpu_ms }) => cpu_ms > BUSY_MS).map((frame) => frame[field]);
}

function describe(title: string, measured: Frames): void {
  console.log(`\n${title}, load average ${load()}: ${measured.frames.length} frames, in ${of(measured, 'cpu_ms', true).length} of them the page had changed; ms`);
  console.log(`  work of a frame           ${spread(of(measured, 'wall_ms'))}`);
  console.log(`  work of a changed one     ${spread(of(measured, 'wall_ms', true))}`);
  console.log(`  the same, thread's time   ${spread(of(measured, 'cpu_ms', true))}`);
  console.log(`  work of one with any      ${spread(busy(measured, 'wall_ms'))}`);
  console.log(`  the same, thread's time   ${spread(busy(measured, 'cpu_ms'))}`);
  console.log(`  from frame to frame       ${spread(measured.intervals)}`);
}

function reportFrames(few: Frames, all: Frames): void {
  const p95 = (measured: Frames, field: 'wall_ms' | 'cpu_ms', drawn: boolean): number => quantile(of(measured, field, drawn), 0.95);
  const late = all.intervals.filter((ms) => ms > 25).length / all.intervals.length;
  console.log();
  result('web.frame_p95_ms', p95(all, 'wall_ms', false), `<= ${GOAL.frame_ms}`);
  result('web.frame_cpu_p95_ms', p95(all, 'cpu_ms', false));
  result('web.changed_frame_p95_ms', p95(all, 'wall_ms', true), `<= ${GOAL.frame_ms}`);
  result('web.changed_frame_cpu_p95_ms', p95(all, 'cpu_ms', true), `<= ${GOAL.frame_ms}`);
  result('web.busy_frame_p95_ms', quantile(busy(all, 'wall_ms'), 0.95), `<= ${GOAL.frame_ms}`);
  result('web.busy_frame_cpu_p95_ms', quantile(busy(all, 'cpu_ms'), 0.95), `<= ${GOAL.frame_ms}`);
  result(`web.changed_frame_cpu_times_${FEW}_servers`, p95(all, 'cpu_ms', true) / p95(few, 'cpu_ms', true));
  result('web.cpu_percent_of_core', (100 * of(all, 'cpu_ms').reduce((sum, ms) => sum + ms, 0)) / all.intervals.reduce((sum, ms) => sum + ms, 0));
  result('web.late_frames_percent', 100 * late);
}

async function measureHeap({ devtools }: Shown): Promise<void> {
  await sleep(SETTLE_MS);
  console.log(`\nheld after a forced collection, ${MINUTES} min`);
  const looks = await watchHeap(devtools, MINUTES * 60_000, LOOK_EVERY_MS, ({ s, heap_bytes, nodes, listeners }) =>
    console.log(`  ${String(s).padStart(4)} s  ${(heap_bytes / 1e6).toFixed(2).padStart(7)} MB  ${String(nodes).padStart(6)} nodes  ${String(listeners).padStart(5)} listeners`),
  );
  const heap = trend(looks, (held) => held.heap_bytes);
  const last = (value: (held: Held) => number): number => value(looks.at(-1)!) / value(looks[0]!);
  console.log();
  result('web.heap_growth_percent', heap.growth_percent, `<= ${GOAL.growth_percent}`);
  result('web.heap_kb_per_hour', heap.per_hour / 1000);
  result('web.heap_last_to_first', last((held) => held.heap_bytes));
  result('web.nodes_last_to_first', last((held) => held.nodes));
  result('web.listeners_last_to_first', last((held) => held.listeners));
}
