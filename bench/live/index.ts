import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from '@playwright/test';
import { openHome, startBrowser } from '../web/browser.js';
import { coresBetween, cpuByPart, type Part } from './cores.js';
import { knob, quantile, result, spread } from './figures.js';
import { load, run } from './run.js';
import { startHelper, startStack, type BenchStack, type Helper } from './stack.js';
import type { Reading } from './subscribers.js';
import { startTargets, type Published } from './targets.js';
import { latencies, notePaints, startProbe, takePaints, type Arrived, type Socketed } from './watch.js';

// How long until a sample that was published is painted? See README.md beside this file.

const SERVERS = knob('SERVERS', 1_000);
const CARDS = knob('CARDS', 8);
const SUBSCRIBERS = knob('SUBSCRIBERS', 200);
const SECONDS = knob('SECONDS', 60);
const TARGETS = knob('TARGETS', 8);
/** A fleet as the request has it, for comparison. */
const FEW = 12;
const WARM_UP_MS = 6_000;
/** What was published last may take this long to be painted. */
const DRAIN_MS = 5_000;
const GOAL = { painted_p99_ms: 400 };

interface Measured {
  readonly painted: number[];
  readonly socket: number[];
  readonly cores: ReadonlyMap<Part, number>;
}

await run((SECONDS * 3 + 300) * 1000, async (own) => {
  const stack = own(await startStack(process.env.BENCH_SERVICE_FLAGS?.split(' ')));
  const browser = await startBrowser();
  own({ [Symbol.asyncDispose]: () => browser.close() });
  const fleet = (prefix: string, servers: number) => own(startHelper('publish.ts', { url: stack.nats_url, prefix, servers, cards: CARDS }));

  fleet('few', FEW - TARGETS);
  const few = await measure({ stack, browser, servers: FEW, seconds: SECONDS / 2 });
  fleet('gpu', SERVERS - FEW);
  const alone = await measure({ stack, browser, servers: SERVERS, seconds: SECONDS / 2 });
  const others = own(startHelper('subscribers.ts', { url: stack.url, count: SUBSCRIBERS }));
  const all = await measure({ stack, browser, servers: SERVERS, seconds: SECONDS, others });
  report(few, alone, all);
});

interface Phase {
  readonly stack: BenchStack;
  readonly browser: Browser;
  readonly servers: number;
  readonly seconds: number;
  readonly others?: Helper;
}

/** The page and the probe come last, so that they are last in the service's order of sending too. */
async function measure({ stack, browser, servers, seconds, others }: Phase): Promise<Measured> {
  const nats = await stack.connect();
  await using targets = startTargets(nats, { count: TARGETS, cards: CARDS });
  await stack.untilServers(servers);
  if (others) await untilReading(others);
  const shown = await openHome(browser, stack.url, notePaints);
  await using probe = startProbe(stack.url);
  await sleep(WARM_UP_MS);

  await Promise.all([takePaints(shown), others?.ask<Reading>({})]);
  targets.take();
  probe.take();
  probe.takeSent();
  const before = cpuByPart();
  await sleep(seconds * 1000);
  const published = targets.take();
  const reading = await others?.ask<Reading>({});
  const cores = coresBetween(before, cpuByPart(), seconds);
  const sent = probe.takeSent();
  await sleep(DRAIN_MS);
  const figures = describe({ title: `${servers} servers, ${others ? SUBSCRIBERS : 0} other subscribers`, published, painted: await takePaints(shown), socketed: probe.take() });
  console.log(`  between two messages      ${spread(sent.slice(1).map((ts, i) => ts - sent[i]!))}`);
  console.log(`  cores in use              ${[...cores].map(([part, used]) => `${part} ${used.toFixed(2)}`).join(', ')}`);
  if (reading) describeOthers(reading, seconds);
  await shown.page.context().close();
  return { ...figures, cores };
}

async function untilReading(others: Helper): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    if ((await others.ask<Reading>({})).fewest > 0) return;
    await sleep(1_000);
  }
  throw new Error('not all subscribers have received something within a minute');
}

interface Seen {
  readonly title: string;
  readonly published: readonly Published[];
  readonly painted: readonly Arrived[];
  readonly socketed: readonly Socketed[];
}

function describe({ title, published, painted, socketed }: Seen): Omit<Measured, 'cores'> {
  const sent = latencies(published, socketed, (index) => socketed[index]!.sent);
  const socket = latencies(published, socketed);
  const paint = latencies(published, painted);
  console.log(`\n${title}, load average ${load()}: ${published.length} samples, ${paint.overtaken} overtaken before they were painted; ms since published`);
  console.log(`  sent by the service       ${spread(sent.ms)}`);
  console.log(`  at a socket               ${spread(socket.ms)}`);
  console.log(`  painted                   ${spread(paint.ms)}`);
  return { painted: paint.ms, socket: socket.ms };
}

function describeOthers({ bytes, fewest, most, snapshots, lost }: Reading, seconds: number): void {
  console.log(`  the others                ${(bytes / seconds / SUBSCRIBERS / 1000).toFixed(0)} KB/s each, ${fewest} to ${most} messages, ${snapshots} fell behind, ${lost} lost`);
}

function report(few: Measured, alone: Measured, all: Measured): void {
  const p99 = ({ painted }: Measured): number => quantile(painted, 0.99);
  console.log();
  result('live.published_to_painted_p50_ms', quantile(all.painted, 0.5));
  result('live.published_to_painted_p95_ms', quantile(all.painted, 0.95));
  result('live.published_to_painted_p99_ms', p99(all), `<= ${GOAL.painted_p99_ms}`);
  result('live.published_to_socket_p99_ms', quantile(all.socket, 0.99));
  result('live.service_cores', all.cores.get('service')!);
  result('live.browser_cores', all.cores.get('browser')!);
  result(`live.p99_ms_with_${FEW}_servers`, p99(few));
  result('live.p99_ms_without_others', p99(alone));
  result(`live.p99_times_${FEW}_servers`, p99(all) / p99(few));
  result('live.p99_times_without_others', p99(all) / p99(alone));
}
