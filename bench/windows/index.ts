import os from 'node:os';
import { Subject } from 'rxjs';
import { MINUTE, WINDOW_LENGTHS } from '@vacancy/shared';
import type { Received } from '../../packages/stream/src/ingest/decode.js';
import { Figures } from '../../packages/stream/src/windows/figures.js';
import { FleetWindows, slidingWindows, type ServerWindows } from '../../packages/stream/src/windows/index.js';
import { plainWindows, type PlainStats } from './plain.js';
import { START, numbers, offset, sampleAt } from './workload.js';

// What do sliding windows cost? See README.md beside this file for the question, the fairness and the knobs.

const knob = (name: string, fallback: number): number => Number(process.env[`BENCH_${name}`] ?? fallback);
const SERVERS = knob('SERVERS', 1_000);
const CARDS = knob('CARDS', 8);
/** Seconds of samples that are measured, after the windows are full. */
const SECONDS = knob('SECONDS', 120);
/** Before those, in the same way, until the compiler is done. */
const WARM_SECONDS = 5;
/** Servers in the comparison with plain RxJS, which keeps whole samples and takes its time. */
const PLAIN_SERVERS = knob('PLAIN_SERVERS', 10);
const PLAIN_SECONDS = knob('PLAIN_SECONDS', 1_000);
/** The two ways take turns in slices of so many seconds: after a change of turn the cache is the other's. */
const SLICE_SECONDS = 50;

/** The service's ticks in a second: in each of them a part of the servers send, and are emitted. */
const PARTS = 4;

const round = (x: number, digits = 2): number => Number(x.toPrecision(digits + 1));

function result(figure: string, value: number, goal?: string): void {
  console.log(`RESULT windows.${figure} ${round(value, 3)}${goal ? ` goal ${goal}` : ''}`);
}

/** The CPU time that some work takes, µs: waiting for a core that other programs use doesn't count. The collector's threads do. */
function cpu(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** One pause of the collector would be most of a short slice, on either side. */
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >>> 1]!;

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const samplesOf = (servers: readonly number[], second: number, random: () => number): Received[] =>
  servers.map((server) => sampleAt(server, second, CARDS, random));

const rss = (): number => process.memoryUsage().rss;

interface Costs {
  readonly parse: number;
  readonly windows: number;
}

/** The service's seconds: in each quarter a quarter of the servers send; at its end the windows move to the clock and what changed is emitted. */
function whole(): Costs {
  const random = numbers(1);
  const windows = new FleetWindows();
  globalThis.gc?.();
  const before = rss();
  const fill = WINDOW_LENGTHS['60m'] / 1_000 + 10;
  const all = Array.from({ length: SERVERS }, (_, server) => server);
  for (let second = 0; second < fill; second++) {
    for (const server of all) windows.record(sampleAt(server, second, CARDS, random));
    if (second % 60 === 0) windows.takeChanges();
  }
  windows.takeChanges();
  globalThis.gc?.();
  result('memory_per_server_kib', (rss() - before) / 1024 / SERVERS);
  result('columns_per_server_kib', windows.bytes / 1024 / SERVERS);

  const quarters = Array.from({ length: PARTS }, (_, part) => all.filter((server) => Math.floor(offset(server) / (1_000 / PARTS)) === part));
  const service = asTheService(windows);
  const spent: Costs[] = [];
  for (let second = fill; second < fill + WARM_SECONDS + SECONDS; second++) {
    quarters.forEach((servers, part) => {
      const texts = samplesOf(servers, second, random).map(wire);
      const costs = service.quarter(texts, START + 1_000 * second + (1_000 / PARTS) * (part + 1) - 1);
      if (second >= fill + WARM_SECONDS) spent.push(costs);
    });
    if (service.takeEmitted() < SERVERS) throw new Error('not every server was emitted');
  }
  const each = (part: keyof Costs): number => sum(spent.map((costs) => costs[part])) / SECONDS / SERVERS;
  return { parse: each('parse'), windows: each('windows') };
}

/** The operator as the service runs it, with a clock and ticks of the benchmark's. */
function asTheService(windows: FleetWindows) {
  const source = new Subject<Received>();
  const ticks = new Subject<void>();
  let now = 0;
  let emitted = 0;
  let read = 0;
  source.pipe(slidingWindows({ windows, ticks }, { now: () => now, setTimer: () => () => {} })).subscribe(({ servers }) => {
    emitted += servers.size;
    for (const { numbers } of servers.values()) for (let i = 0; i < numbers.length; i++) if (!Number.isNaN(numbers[i]!)) read++;
  });
  return {
    quarter(texts: readonly string[], end: number): Costs {
      let samples: Received[] = [];
      const parse = cpu(() => (samples = texts.map((text) => JSON.parse(text) as Received)));
      now = end;
      const spent = cpu(() => {
        for (const sample of samples) source.next(sample);
        ticks.next();
        // The overview shows the fleet's figures, once a second.
        if ((end + 1) % 1_000 === 0) windows.fleet('5m');
      });
      return { parse, windows: spent };
    },
    takeEmitted(): number {
      // Nobody can leave out reading what decides this.
      if (read === 0) throw new Error('nothing was read');
      const taken = emitted;
      emitted = 0;
      return taken;
    },
  };
}

/** The text of the message as the agent sends it. */
function wire(sample: Received): string {
  const { stream_seq: _1, received_ts: _2, skewed: _3, ...sent } = sample;
  return JSON.stringify(sent);
}

/** The same samples through both ways at 15 min, one emission for each sample, every figure of every emission compared. */
function against(): { plain_us: number; windows_us: number } {
  const random = numbers(2);
  // Four times what fills the windows: until the compiler is done with them.
  const fill = 4 * 15 * 60;
  const servers = Array.from({ length: PLAIN_SERVERS }, (_, server) => server);
  const history = new Map<string, Received[]>();
  const windows = new FleetWindows({ lengths: { '15m': 15 * MINUTE }, card_labels: ['15m'], utilization_labels: ['15m'] });
  for (let second = 0; second < fill; second++) {
    for (const sample of samplesOf(servers, second, random)) {
      windows.record(sample);
      windows.server(sample.server);
      const held = history.get(sample.server) ?? [];
      if (second >= fill - 15 * 60) held.push(sample);
      history.set(sample.server, held);
    }
  }
  const source = new Subject<Received>();
  const emitted: PlainStats[] = [];
  source.pipe(plainWindows(15 * MINUTE, (server) => history.get(server)!)).subscribe((stats) => emitted.push(stats));
  const plain: number[] = [];
  const ours: number[] = [];
  for (let second = fill; second < fill + PLAIN_SECONDS; second += SLICE_SECONDS) {
    const samples = Array.from({ length: SLICE_SECONDS }, (_, i) => samplesOf(servers, second + i, random)).flat();
    emitted.length = 0;
    let shown: Float64Array[] = [];
    plain.push(cpu(() => samples.forEach((sample) => source.next(sample))));
    // The collector's threads go on after plain RxJS's turn: what they do then is not the windows' time.
    globalThis.gc?.();
    ours.push(cpu(() => (shown = samples.map((sample) => windows.record(sample) && windows.server(sample.server)!.numbers.slice()))));
    emitted.forEach((stats, i) => {
      const figures = new Figures(windows.settings, stats.gpus.map(({ id }) => id));
      figures.numbers.set(shown[i]!);
      compare(stats, figures);
    });
  }
  const each = (slices: readonly number[]): number => median(slices.slice(slices.length >>> 2)) / SLICE_SECONDS / PLAIN_SERVERS;
  return { plain_us: each(plain), windows_us: each(ours) };
}

function compare(plain: PlainStats, { windows, gpus }: ServerWindows<'15m', '15m'>): void {
  const { cpu_median, cpu_mean, cpu_min, cpu_max } = windows['15m'];
  const same = cpu_median === plain.cpu_median && cpu_min === plain.cpu_min && cpu_max === plain.cpu_max && Math.abs(cpu_mean! - plain.cpu_mean) < 1e-9;
  const cards = plain.gpus.every((card) => {
    const stats = gpus.get(card.id)!['15m'];
    return stats.utilization_median === card.utilization_median && stats.idle_rate.free8g === card.free8g && stats.idle_rate.used10pct === card.used10pct;
  });
  if (!same || !cards) throw new Error(`${plain.server}: the two ways disagree`);
}

console.log(`Node ${process.version}, ${os.cpus()[0]?.model ?? 'unknown processor'}, ${os.cpus().length} cores, load ${os.loadavg()[0]!.toFixed(1)}`);
console.log(`${SERVERS} servers × ${CARDS} cards × ${Object.keys(WINDOW_LENGTHS).join(' ')}, ${SECONDS} s measured; plain RxJS: ${PLAIN_SERVERS} servers, 15m, ${PLAIN_SECONDS} s`);
const ratio = against();
console.log(`plain RxJS at 15m ${round(ratio.plain_us)} µs a sample, windows at 15m ${round(ratio.windows_us)} µs`);
const costs = whole();
console.log(`CPU time a sample: JSON.parse ${round(costs.parse)} µs, windows ${round(costs.windows)} µs; load ${os.loadavg()[0]!.toFixed(1)}`);
result('samples_per_second_per_core', 1e6 / costs.windows);
result('times_plain_rxjs_15m', ratio.plain_us / ratio.windows_us, '>= 100');
result('cost_over_json_parse', costs.windows / costs.parse, '<= 1');
