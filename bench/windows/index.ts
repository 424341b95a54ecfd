import os from 'node:os';
import { Subject } from 'rxjs';
import { MINUTE, WINDOW_LENGTHS } from '@vacancy/shared';
import type { Received } from '../../packages/stream/src/ingest/decode.js';
import { FleetWindows } from '../../packages/stream/src/windows/index.js';
import { plainWindows, type PlainStats } from './plain.js';
import { START, numbers, sampleAt } from './workload.js';

// What do sliding windows cost? See README.md beside this file for the question, the fairness and the knobs.

const knob = (name: string, fallback: number): number => Number(process.env[`BENCH_${name}`] ?? fallback);
const SERVERS = knob('SERVERS', 1_000);
const CARDS = knob('CARDS', 8);
/** Seconds of samples that are measured, after the windows are full. */
const SECONDS = knob('SECONDS', 20);
/** Servers in the comparison with plain RxJS, which keeps whole samples and takes its time. */
const PLAIN_SERVERS = knob('PLAIN_SERVERS', 10);
const PLAIN_SECONDS = knob('PLAIN_SECONDS', 20);

const round = (x: number, digits = 2): number => Number(x.toPrecision(digits + 1));

function result(figure: string, value: number, goal?: string): void {
  console.log(`RESULT windows.${figure} ${round(value, 3)}${goal ? ` goal ${goal}` : ''}`);
}

/** The time that one batch takes, ns. */
function timed(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}

/** Half of the batches took no longer: on a shared machine the slices of other programs fall out, on all sides alike. */
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >>> 1]!;

const secondOf = (servers: number, second: number, random: () => number): Received[] =>
  Array.from({ length: servers }, (_, server) => sampleAt(server, second, CARDS, random));

const rss = (): number => process.memoryUsage().rss;

function whole(): { record_us: number; read_us: number; parse_us: number; bytes: number } {
  const random = numbers(1);
  const windows = new FleetWindows();
  globalThis.gc?.();
  const before = rss();
  const fill = WINDOW_LENGTHS['60m'] / 1_000 + 10;
  for (let second = 0; second < fill; second++) {
    for (const sample of secondOf(SERVERS, second, random)) windows.record(sample);
    if (second % 60 === 0) windows.takeChanges();
  }
  windows.takeChanges();
  globalThis.gc?.();
  result('memory_per_server_kib', (rss() - before) / 1024 / SERVERS);
  result('columns_per_server_kib', windows.bytes / 1024 / SERVERS);

  const record: number[] = [];
  const read: number[] = [];
  const parse: number[] = [];
  let bytes = 0;
  let checked = 0;
  for (let second = fill; second < fill + SECONDS; second++) {
    const samples = secondOf(SERVERS, second, random);
    const texts = samples.map(wire);
    bytes = texts[0]!.length;
    parse.push(timed(() => texts.forEach((text) => (checked += (JSON.parse(text) as Received).gpus.length))));
    record.push(timed(() => samples.forEach((sample) => windows.record(sample))));
    read.push(timed(() => {
      windows.advance(START + second * 1_000);
      windows.takeChanges();
      windows.fleet('5m');
    }));
  }
  if (checked !== SECONDS * SERVERS * CARDS) throw new Error('not everything was parsed');
  const us = (batches: number[]) => median(batches) / 1e3 / SERVERS;
  return { record_us: us(record), read_us: us(read), parse_us: us(parse), bytes };
}

/** The text of the message as the agent sends it. */
function wire(sample: Received): string {
  const { stream_seq: _1, received_ts: _2, skewed: _3, ...sent } = sample;
  return JSON.stringify(sent);
}

/** The same samples through both ways at 15 min, one emission for each sample, figures compared as they go. */
function against(): { plain_us: number; windows_us: number } {
  const random = numbers(2);
  const fill = 15 * 60 + 5;
  const history = new Map<string, Received[]>();
  const windows = new FleetWindows({ lengths: { '15m': 15 * MINUTE } });
  for (let second = 0; second < fill; second++) {
    for (const sample of secondOf(PLAIN_SERVERS, second, random)) {
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
  let sum = 0;
  for (let second = fill; second < fill + PLAIN_SECONDS; second++) {
    const samples = secondOf(PLAIN_SERVERS, second, random);
    emitted.length = 0;
    plain.push(timed(() => samples.forEach((sample) => source.next(sample))));
    ours.push(timed(() => {
      for (const sample of samples) {
        windows.record(sample);
        sum += windows.server(sample.server)!.windows['15m'].cpu_median!;
      }
    }));
    emitted.forEach((stats) => compare(stats, windows));
  }
  if (!(sum > 0)) throw new Error('nothing was read');
  return { plain_us: median(plain) / 1e3 / PLAIN_SERVERS, windows_us: median(ours) / 1e3 / PLAIN_SERVERS };
}

function compare(plain: PlainStats, windows: FleetWindows<'15m'>): void {
  const { windows: of, gpus } = windows.server(plain.server)!;
  const { cpu_median, cpu_mean, cpu_min, cpu_max } = of['15m'];
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
const { record_us, read_us, parse_us, bytes } = whole();
console.log(`record ${round(record_us)} µs, all figures once a second ${round(read_us)} µs, JSON.parse of ${bytes} bytes ${round(parse_us)} µs`);
result('samples_per_second_per_core', 1e6 / (record_us + read_us));
result('times_plain_rxjs', ratio.plain_us / ratio.windows_us, '>= 100');
result('cost_over_json_parse', (record_us + read_us) / parse_us, '<= 1');
