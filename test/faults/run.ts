import { fork, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePort, waitFor } from '../harness/nats.js';
import { resolveNatsServer } from '../../tools/nats-server.mjs';
import { check, readLists, type Findings, type Sql } from './check.js';
import { CatchUp } from './catch-up.js';
import { TIMEZONE, startOf } from './oracle.js';
import { EngineProcess, Guard, Kept } from './processes.js';
import { drawFaults, type Fault, type Target, type Victim } from './plan.js';
import { RATE, STEP_MS, random, type Member } from './source.js';

export interface FaultOptions {
  readonly kills: number;
  readonly seed: number;
  /** Time for all of them; by their number when absent. */
  readonly minutes?: number | undefined;
  /** How long the database is away once, beside everything else; 0 for never. */
  readonly away_ms: number;
  /** The service's source instead of its build. */
  readonly source: boolean;
  readonly say: (line: string) => void;
}

export interface Outcome extends Findings {
  readonly nats: string;
  readonly seconds: number;
  readonly rate: number;
  readonly cards: number;
  readonly killed: Readonly<Record<Target, number>>;
  /** Kills that hit two or three parts at once. */
  readonly together: number;
  readonly broker_restarts: number;
  readonly stops: number;
  readonly longest_stop_ms: number;
  readonly unclean_starts: number;
  readonly repairs: number;
  readonly runs: number;
  readonly longest_catch_up_ms: number;
}

/** Pauses between faults, when no time is given for all of them. */
const GAP_MS = { least: 500, most: 9_000 };
const KILLS_A_FAULT = 1.35;

/** Publishes at a steady rate, kills whatever there is, mends it, lets it come to rest, and compares the database with the list. */
export async function runFaults(options: FaultOptions): Promise<Outcome> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-faults-'));
  await Promise.all(['lists', 'spools', 'js'].map((name) => mkdir(path.join(folder, name))));
  using guard = new Guard(folder);
  const r = random(options.seed);
  const started = Date.now();
  const nats = await resolveNatsServer();
  const ports = { nats: await freePort(), http: await freePort(), sql: await freePort() };
  const members = makeMembers(started, expectedMs(options));
  const broker = new Kept({ name: 'nats-server', mark: folder }, guard, await brokerLauncher(nats.path, folder, ports.nats));
  const log = new ServiceLog();
  const service = new Kept({ name: 'stream', mark: 'main.' }, guard, () => launchService(options, folder, ports, log));
  const sql = sqlAt(`http://127.0.0.1:${ports.sql}`);
  await waitFor(() => isReady(ports.http), 120_000, 'the service');
  const publishers = members.map((member) => new Kept({ name: member.server, mark: folder }, guard, () => launchPublisher(folder, `nats://127.0.0.1:${ports.nats}`, member)));
  const catchUp = new CatchUp(`http://127.0.0.1:${ports.http}`, 2 * members.length * RATE);
  const engine = new EngineProcess(service, guard);
  await waitFor(async () => Number((await sql<{ n: number }>('SELECT count() AS n FROM vacancy.samples').catch(() => []))[0]?.n) > 0, 120_000, 'the first samples');

  const done: Done = { killed: { publisher: 0, 'nats-server': 0, stream: 0, engine: 0 }, together: 0, broker_restarts: 0, stops: 0, longest_stop_ms: 0 };
  const strike = (fault: Fault): void => apply(fault, { publishers, broker, service, engine, catchUp, done, say: (text) => options.say(`${seconds(started)}  ${text}`) });
  const total = () => Object.values(done.killed).reduce((all, count) => all + count, 0);
  const faults = drawFaults(r, members.length);
  const gap = gapOf(options);
  let away = options.away_ms > 0 ? Math.floor(options.kills / 3) : Infinity;
  while (total() < options.kills) {
    await sleep(gap.least + (gap.most - gap.least) * r());
    strike(faults.next().value);
    if (total() < away) continue;
    away = Infinity;
    strike({ kind: 'stop', for_ms: options.away_ms });
  }
  const last_ms = Date.now() - started;
  await catchUp.mended(300_000);
  await waitFor(() => publishers.every(({ pid }) => pid !== undefined), 30_000, 'all publishers');

  options.say(`${seconds(started)}  no more faults: publishers send what they have left`);
  const codes = await Promise.all(publishers.map((publisher) => publisher.finish((child) => void child.send('finish'), 600_000)));
  if (codes.some((code) => code !== 0)) options.say(`a publisher could not send everything: ${codes.join(', ')}`);
  const list = readLists(path.join(folder, 'lists'));
  await settle(sql, list.sure.length, catchUp);
  catchUp.stop();
  options.say(`${seconds(started)}  comparing ${list.sure.length} samples`);
  const findings = await check(sql, list, members);
  await service.finish((child) => child.kill('SIGTERM'), 10_000);
  await broker.finish((child) => child.kill('SIGTERM'), 10_000);
  await waitFor(() => !guard.busy, 15_000, 'the end of every process');
  await rm(folder, { recursive: true, force: true });
  return {
    ...findings, ...done, nats: nats.version, seconds: Math.round(last_ms / 1000), rate: members.length * RATE, cards: members.reduce((all, { cards }) => all + cards, 0),
    unclean_starts: log.unclean, repairs: log.repairs, runs: new Set(list.sure.map(({ server, boot_id }) => `${server} ${boot_id}`)).size,
    longest_catch_up_ms: catchUp.longest_ms,
  };
}

const expectedMs = (options: FaultOptions): number => options.away_ms + (options.kills / KILLS_A_FAULT) * ((gapOf(options).least + gapOf(options).most) / 2);

function gapOf({ kills, minutes }: FaultOptions): typeof GAP_MS {
  if (minutes === undefined) return GAP_MS;
  const mean = (minutes * 60_000) / (kills / KILLS_A_FAULT);
  return { least: Math.min(GAP_MS.least, mean), most: 2 * mean - Math.min(GAP_MS.least, mean) };
}

/** Four servers; for three of them a local midnight comes in the middle of the run. */
function makeMembers(now: number, length_ms: number): Member[] {
  const midnight = Math.floor((now + length_ms * 0.4 - startOf('day', now)) / STEP_MS) * STEP_MS;
  return [2, 4, 6, 8].map((cards, i) => ({ server: `f${i}`, cards, reboots_ms: [null, 47_000, null, 101_000][i]!, shift_ms: i === 0 ? 0 : midnight }));
}

async function brokerLauncher(binary: string, folder: string, port: number) {
  const file = path.join(folder, 'nats.conf');
  await writeFile(file, `listen: "127.0.0.1:${port}"\nmax_payload: 1048576\njetstream { store_dir: "${folder}/js", max_mem: 256M, max_file: 4G }\n`);
  return () => spawn(binary, ['-c', file], { stdio: 'ignore', env: { GOMEMLIMIT: '400MiB' } });
}

/** Runs TypeScript as it stands. */
const SOURCE = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@vacancy/source'];

function launchService({ source }: FaultOptions, folder: string, ports: { nats: number; http: number; sql: number }, log: ServiceLog) {
  const main = fileURLToPath(new URL(`../../packages/stream/${source ? 'src/main.ts' : 'dist/main.js'}`, import.meta.url));
  const child = fork(main, [], {
    execArgv: source ? SOURCE : [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'], VACANCY_NATS_URL: `nats://127.0.0.1:${ports.nats}`, VACANCY_PORT: String(ports.http), VACANCY_CLICKHOUSE_PORT: String(ports.sql),
      VACANCY_DATA_DIR: path.join(folder, 'data'), VACANCY_TIMEZONE: TIMEZONE, VACANCY_STREAM_BYTES: '1GiB', VACANCY_LOG_LEVEL: 'info',
    },
  });
  const file = createWriteStream(path.join(folder, 'service.log'), { flags: 'a' });
  child.stdout!.on('data', (chunk: Buffer) => log.read(chunk.toString()));
  child.stdout!.pipe(file);
  child.stderr!.pipe(file);
  return child;
}

const launchPublisher = (folder: string, url: string, member: Member) =>
  fork(fileURLToPath(new URL('publisher.ts', import.meta.url)), [folder, url, JSON.stringify(member)], { execArgv: SOURCE, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });

/** What the service says of its unclean stops. */
class ServiceLog {
  unclean = 0;
  repairs = 0;
  #rest = '';

  read(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) {
      const mended = line.includes('mended what an unclean stop had torn');
      if (mended || line.includes('the last run ended uncleanly')) this.unclean++;
      if (mended) this.repairs += (JSON.parse(line) as { repairs: unknown[] }).repairs.length;
    }
  }
}

const isReady = (port: number): Promise<boolean> => fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false);

const sqlAt = (url: string): Sql => async <T>(query: string) => {
  const answer = await fetch(`${url}/?${new URLSearchParams({ query: `${query} FORMAT JSONEachRow` })}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as T);
};

interface Done {
  readonly killed: Record<Target, number>;
  together: number;
  broker_restarts: number;
  stops: number;
  longest_stop_ms: number;
}

interface Parts {
  readonly publishers: readonly Kept[];
  readonly broker: Kept;
  readonly service: Kept;
  readonly engine: EngineProcess;
  readonly catchUp: CatchUp;
  readonly done: Done;
  readonly say: (text: string) => void;
}

function apply(fault: Fault, parts: Parts): void {
  const { broker, done, catchUp, say } = parts;
  if (fault.kind === 'restart' && broker.end('SIGTERM', fault.down_ms)) {
    done.broker_restarts++;
    catchUp.broken(fault.down_ms);
    say('nats-server restarted');
  }
  if (fault.kind === 'stop') {
    done.stops++;
    done.longest_stop_ms = Math.max(done.longest_stop_ms, fault.for_ms);
    catchUp.broken(fault.for_ms);
    say(`engine stopped for ${(fault.for_ms / 1000).toFixed(1)} s`);
    void parts.engine.stop(fault.for_ms);
  }
  if (fault.kind !== 'kill') return;
  const hit = fault.victims.filter((victim) => kill(victim, parts));
  for (const { target } of hit) done.killed[target]++;
  if (hit.length > 1) done.together += hit.length;
  if (hit.length > 0) say(`kill -9 ${hit.map((victim) => describe(victim, parts)).join(', ')}`);
}

const describe = ({ target, which, down_ms }: Victim, { publishers }: Parts): string =>
  target === 'engine' ? target : `${target === 'publisher' ? publishers[which]!.name : target} (started again in ${(down_ms / 1000).toFixed(1)} s)`;

function kill({ target, which, down_ms }: Victim, { publishers, broker, service, engine, catchUp }: Parts): boolean {
  const kept = { publisher: publishers[which]!, 'nats-server': broker, stream: service, engine: null }[target];
  const hit = kept ? kept.end('SIGKILL', down_ms) : engine.kill();
  if (hit) catchUp.broken(kept ? down_ms : 0);
  return hit;
}

/** Waits until the database has what the list has and the broker nothing more, or until nothing moves any more. */
async function settle(sql: Sql, expected: number, catchUp: CatchUp): Promise<void> {
  const STUCK_MS = 120_000;
  let rows = -1;
  for (let moved = Date.now(); Date.now() - moved < STUCK_MS; await sleep(500)) {
    const found = Number((await sql<{ n: number }>('SELECT count() AS n FROM vacancy.samples').catch(() => []))[0]?.n ?? -1);
    if (found >= expected && (await catchUp.idle())) break;
    if (found > rows) [rows, moved] = [found, Date.now()];
  }
  await sleep(2_000); // the batch that was under way
}

const seconds = (started: number): string => `${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s`;
