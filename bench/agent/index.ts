import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS, decodeSample, sampleSubject } from '@vacancy/shared';
import { freePort, startTestNats } from '../../test/harness/nats.js';
import { findNodeExporter } from './node-exporter.js';
import { usageOf, type Usage } from './process-tree.js';

const SECONDS = Number(process.argv[2] ?? 60);
const WARM_UP_S = 15;
/** As the systemd unit and the first line of main.js start it. */
const FLAGS = ['--lite-mode', '--no-expose-wasm', '--max-semi-space-size=1'];
const GOAL = { cpu_percent: 0.6, rss_mb: 60 };
const SERVER = 'bench';

const folder = await mkdtemp(join(tmpdir(), 'vacancy-bench-agent-'));
const children: ChildProcess[] = [];
async function bench(): Promise<void> {
  await using nats = await startTestNats();
  const jsm = await jetstreamManager(await nats.connect());
  await jsm.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
  await jsm.streams.add({ name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS], max_msgs_per_subject: 1 });
  const stopScraping = new AbortController();
  const agent = startAgent(nats.url);
  const empty = start(process.execPath, ['-e', 'setInterval(() => {}, 1e9)']);
  const exporter = await startExporter(stopScraping.signal);
  await sleep(WARM_UP_S * 1_000);

  const before = await stored(jsm);
  const measured = await measure({ agent, empty, ...(exporter && { exporter }) });
  const samples = (await stored(jsm)) - before;
  stopScraping.abort();
  report(measured, samples, await cardsSeen(jsm));
}

function startAgent(url: string): ChildProcess {
  const main = fileURLToPath(new URL('../../packages/agent/dist/main.js', import.meta.url));
  return start(process.execPath, [...FLAGS, main], {
    VACANCY_NATS_URL: url,
    VACANCY_SERVER_ID: SERVER,
    VACANCY_DATA_DIR: folder,
    VACANCY_NVIDIA_SMI: fileURLToPath(new URL('nvidia-smi', import.meta.url)),
    VACANCY_LOG_LEVEL: 'warn',
  });
}

async function startExporter(signal: AbortSignal): Promise<ChildProcess | null> {
  const program = findNodeExporter(folder);
  if (!program) return null;
  const port = await freePort();
  // It would say at every scrape that this machine has no systemd.
  const child = start(program, [`--web.listen-address=127.0.0.1:${port}`, '--no-collector.systemd', `--collector.textfile.directory=${folder}`]);
  void scrape(`http://127.0.0.1:${port}/metrics`, signal);
  return child;
}

async function scrape(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fetch(url).then((answer) => answer.text(), () => '');
    await sleep(1_000);
  }
}

function start(command: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { PATH } = process.env;
  const child = spawn(command, args, { stdio: 'ignore', env: { PATH, ...env } });
  children.push(child);
  return child;
}

interface Measured {
  /** Percent of one core. */
  readonly cpu_percent: number;
  readonly rss_mb: number;
  /** Without its children. */
  readonly own_rss_mb: number;
}

/** Processor time between the first and the last look; memory as the most that any look, one a second, has seen. */
async function measure(processes: Readonly<Record<string, ChildProcess>>): Promise<Record<string, Measured>> {
  const names = Object.keys(processes);
  const look = (): Record<string, Usage> => Object.fromEntries(names.map((name) => [name, usageOf(processes[name]!.pid!)]));
  const first = look();
  const started = performance.now();
  const looks = [first];
  while (performance.now() - started < SECONDS * 1_000) {
    await sleep(1_000);
    looks.push(look());
  }
  const elapsed = (performance.now() - started) / 1_000;
  const last = looks.at(-1)!;
  const most = (name: string, key: 'rss' | 'own_rss'): number => Math.max(...looks.map((one) => one[name]![key])) / 1e6;
  return Object.fromEntries(
    names.map((name) => [
      name,
      { cpu_percent: (100 * (last[name]!.cpu_s - first[name]!.cpu_s)) / elapsed, rss_mb: most(name, 'rss'), own_rss_mb: most(name, 'own_rss') },
    ]),
  );
}

const stored = async (jsm: JetStreamManager): Promise<number> => (await jsm.streams.info(SAMPLES_STREAM)).state.messages;

async function cardsSeen(jsm: JetStreamManager): Promise<number> {
  const subject = sampleSubject(SERVER);
  const message = await jsm.streams.getMessage(SAMPLES_STREAM, { last_by_subj: subject });
  const sample = message && decodeSample(subject, message.data);
  return sample?.ok ? sample.value.gpus.length : 0;
}

/** @throws when the agent was cheap because it did not do its work. */
function report(measured: Readonly<Record<string, Measured>>, samples: number, cards: number): void {
  if (samples < SECONDS * 0.95 || cards !== 8) throw new Error(`${samples} samples in ${SECONDS} s, ${cards} cards in the last: nothing to measure`);
  for (const [name, { cpu_percent, rss_mb, own_rss_mb }] of Object.entries(measured)) {
    console.log(`${name.padEnd(10)} ${cpu_percent.toFixed(2)} % of a core, ${rss_mb.toFixed(1)} MB (${own_rss_mb.toFixed(1)} MB without children)`);
  }
  if (!measured.exporter) console.log('exporter   not measured: prometheus-node-exporter is not here and apt-get could not fetch it');
  console.log(`${samples} samples in ${SECONDS} s, ${cards} cards in each`);
  console.log(`RESULT agent.cpu_percent ${measured.agent!.cpu_percent.toFixed(2)} goal <= ${GOAL.cpu_percent}`);
  console.log(`RESULT agent.rss_mb ${measured.agent!.rss_mb.toFixed(1)} goal <= ${GOAL.rss_mb}`);
}

try {
  await bench();
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined)));
  await rm(folder, { recursive: true, force: true });
}
