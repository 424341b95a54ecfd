import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { DEFAULT_IDLE, SAMPLES_STREAM, SAMPLE_SUBJECTS, sampleSubject, type Sample } from '@vacancy/shared';
import { decode } from '../../packages/stream/src/ingest/decode.js';
import { Ledger, type Booked } from '../../packages/stream/src/store/ledger.js';
import { encodeSamples } from '../../packages/stream/src/store/rows.js';
import { openDatabase } from '../../packages/stream/src/store/client.js';
import { startTestEngine } from '../../test/harness/clickhouse.js';
import { freePort, waitFor } from '../../test/harness/nats.js';
import { resolveNatsServer } from '../../tools/nats-server.mjs';
import { cpuOf, end, startScript } from './processes.js';
import { victoria } from './victoria.js';
import { samples, type Workload } from './workload.js';

// What does a sample cost on its way from the broker to the disk? See README.md beside this file.

const knob = (name: string, fallback: number): number => Number(process.env[`BENCH_${name}`] ?? fallback);
const COUNT = knob('SAMPLES', 200_000);
const SERVERS = knob('SERVERS', 200);
const CARDS = knob('CARDS', 8);
const TIMEOUT_MS = 300_000;
/** VictoriaMetrics 1.79 on such a machine, storing alone: 12,900 samples of 51 values per CPU-second in 40 bytes each. */
const GOAL = { per_cpu_s: 12_900, bytes: 40, of_bare: 0.5 };

const workload = (): Workload => ({ servers: SERVERS, cards: CARDS, interval_ms: 1000, start: Date.now() - (COUNT / SERVERS + 5) * 1000 });
const round = (x: number): number => Number(x.toPrecision(4));
const result = (figure: string, value: number, goal = ''): void => console.log(`RESULT ingest.${figure} ${round(value)}${goal && ` goal ${goal}`}`);

interface Ran {
  readonly wall_s: number;
  readonly cpu_s: number;
}

const folder = await mkdtemp(path.join(os.tmpdir(), 'vacancy-bench-'));

async function main(): Promise<void> {
  const binary = await resolveNatsServer();
  console.log(`${os.cpus()[0]!.model}, ${os.cpus().length} cores, Node ${process.version}, nats-server ${binary.version}, load ${os.loadavg()[0]!.toFixed(1)}`);
  console.log(`${COUNT} samples of ${SERVERS} servers with ${CARDS} cards\n`);
  const load = workload();
  const broker = await startBroker(binary.path);
  try {
    await fill(broker.url, load);
    const bare = await measureBare(broker);
    const whole = await measurePipeline(broker, true);
    const store = await measurePipeline(broker, false);
    report(bare, whole, store);
  } finally {
    await end(broker.child);
  }
  stages(load);
  await compare(load);
}

type Broker = Awaited<ReturnType<typeof startBroker>>;

async function startBroker(binary: string) {
  const port = await freePort();
  const config = path.join(folder, 'nats.conf');
  await writeFile(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/js", max_mem: 256M, max_file: 8G }\n`);
  const child = spawn(binary, ['-c', config], { stdio: 'ignore', env: { GOMEMLIMIT: '400MiB' } });
  const url = `127.0.0.1:${port}`;
  await waitFor(() => connect({ servers: url, reconnect: false }).then((nats) => nats.close().then(() => true), () => false), 10_000, 'nats-server');
  return { child, url, pid: child.pid! };
}

async function fill(url: string, load: Workload): Promise<void> {
  const nats = await connect({ servers: url });
  await (await jetstreamManager(nats)).streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
  await (await jetstreamManager(nats)).streams.add({ name: 'INVENTORY', subjects: ['vacancy.v1.inventory.*'] });
  await nats.close();
  await using script = startScript<{ sent: number; bytes: number }>('publish.ts', { url, count: COUNT, workload: load });
  const { sent, bytes } = await script.answer(TIMEOUT_MS);
  console.log(`published ${sent} samples of ${Math.round(bytes / sent)} bytes\n`);
}

interface Measured extends Ran {
  readonly broker_s: number;
  readonly engine_s: number;
  readonly bytes?: { readonly samples: number; readonly archives: number };
}

async function measureBare({ url, pid }: Broker): Promise<Measured> {
  const before = cpuOf(pid);
  await using script = startScript<Ran>('bare.ts', { url, count: COUNT });
  const ran = await script.answer(TIMEOUT_MS);
  return { ...ran, broker_s: cpuOf(pid) - before, engine_s: 0 };
}

async function measurePipeline({ url, pid }: Broker, live: boolean): Promise<Measured> {
  await using engine = await startTestEngine();
  const clickhouse = { url: engine.url, username: engine.username, password: engine.password };
  await using db = openDatabase(clickhouse);
  const before = { broker: cpuOf(pid), engine: cpuOf(engine.engine.pid!) };
  await using script = startScript<Ran & { batches: object }>('pipeline.ts', { url, count: COUNT, clickhouse, dataDir: path.join(folder, `store-${live}`), live });
  const ran = await script.answer(TIMEOUT_MS);
  const spent = { broker_s: cpuOf(pid) - before.broker, engine_s: cpuOf(engine.engine.pid!) - before.engine };
  const [stored] = await db.rows<{ n: number }>('SELECT count() AS n FROM samples');
  if (stored!.n !== COUNT) throw new Error(`${stored!.n} of ${COUNT} samples were stored`);
  await db.command('OPTIMIZE TABLE samples FINAL');
  const parts = await db.rows<{ table: string; bytes: number }>("SELECT table, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = 'vacancy' GROUP BY table");
  const samplesBytes = parts.find(({ table }) => table === 'samples')!.bytes;
  return { ...ran, ...spent, bytes: { samples: samplesBytes / COUNT, archives: (parts.reduce((sum, { bytes }) => sum + bytes, 0) - samplesBytes) / COUNT } };
}

const cpu = ({ cpu_s, broker_s, engine_s }: Measured): number => cpu_s + broker_s + engine_s;

function report(bare: Measured, whole: Measured, store: Measured): void {
  const us = (seconds: number) => `${((seconds * 1e6) / COUNT).toFixed(1).padStart(7)}`;
  console.log('µs of CPU a sample      stream  broker  engine     all   samples/s');
  for (const [name, ran] of [['bare consumer', bare], ['whole pipeline', whole], ['persistence alone', store]] as const) {
    console.log(`${name.padEnd(21)} ${us(ran.cpu_s)} ${us(ran.broker_s)} ${us(ran.engine_s)} ${us(cpu(ran))} ${String(Math.round(COUNT / ran.wall_s)).padStart(11)}`);
  }
  console.log();
  result('bare_samples_per_s', COUNT / bare.wall_s);
  result('bare_samples_per_cpu_s', COUNT / cpu(bare));
  result('pipeline_samples_per_s', COUNT / whole.wall_s);
  result('pipeline_samples_per_cpu_s', COUNT / cpu(whole), `>= ${GOAL.per_cpu_s}`);
  result('pipeline_of_bare', bare.wall_s / whole.wall_s, `>= ${GOAL.of_bare}`);
  result('pipeline_of_bare_per_cpu_s', cpu(bare) / cpu(whole), `>= ${GOAL.of_bare}`);
  result('persistence_samples_per_cpu_s', COUNT / cpu(store));
  result('bytes_per_sample', whole.bytes!.samples, `<= ${GOAL.bytes}`);
  result('archive_bytes_per_sample', whole.bytes!.archives);
}

/** Where the stream service's own time goes: the steps of persistence, one after the other in this process. */
function stages(load: Workload): void {
  const messages: { subject: string; data: Uint8Array; stream_seq: number; received_ts: number }[] = [];
  for (const sample of samples(load)) {
    messages.push({ subject: sampleSubject(sample.server), data: Buffer.from(JSON.stringify(sample)), stream_seq: messages.length + 1, received_ts: sample.ts });
    if (messages.length === 20_000) break;
  }
  const timed = <T>(name: string, work: () => T): T => {
    const start = performance.now();
    const value = work();
    result(`stage_${name}_us`, ((performance.now() - start) * 1000) / messages.length);
    return value;
  };
  console.log();
  timed('json_parse', () => messages.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as Sample));
  const decoded = timed('decode', () => messages.map(decode)).map((one) => (one.ok ? one.value : undefined)!);
  const ledger = new Ledger();
  const booked = timed('ledger', () => decoded.map((sample) => ledger.book(sample) as Booked));
  const encode = () => encodeSamples(booked.slice(0, 10_000), { stream: 's', batch: 1 }, DEFAULT_IDLE).length + encodeSamples(booked.slice(10_000), { stream: 's', batch: 2 }, DEFAULT_IDLE).length;
  timed('encode', encode);
}

async function compare(load: Workload): Promise<void> {
  console.log();
  const other = await victoria(path.join(folder, 'victoria'), COUNT, load).catch((error: unknown) => (console.log(`victoria-metrics: ${String(error)}`), null));
  if (!other) return console.log('victoria-metrics is not installed here: the goals above are what it took on such a machine');
  console.log(execFileSync('victoria-metrics', ['-version'], { encoding: 'utf8' }).trim());
  result('victoria_samples_per_cpu_s', other.samples_per_cpu_s);
  result('victoria_bytes_per_sample', other.bytes_per_sample);
}

try {
  await main();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);
