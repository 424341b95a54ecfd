import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LiveRow } from '@vacancy/shared';
import { freePort, waitFor } from '../harness/nats.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Also the first build, on a machine that is busy with other tests. */
const READY_MS = 180_000;

interface Run {
  readonly child: ChildProcess;
  output(): string;
  exit: Promise<number | null>;
}

let data: string;
let env: Record<string, string>;
const runs: Run[] = [];

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'vacancy-start-'));
  const [web, clickhouse, nats] = [await freePort(), await freePort(), await freePort()];
  env = {
    VACANCY_DATA_DIR: data, VACANCY_PORT: String(web), VACANCY_CLICKHOUSE_PORT: String(clickhouse), VACANCY_NATS_PORT: String(nats), VACANCY_SERVER_ID: 'this-host',
  };
});

afterAll(async () => {
  for (const { child } of runs) child.kill('SIGKILL');
  for (const pid of await processesOf(data)) process.kill(pid, 'SIGKILL');
  await rm(data, { recursive: true, force: true });
});

function start(more: Record<string, string> = {}, ...args: string[]): Run {
  const child = spawn(process.execPath, ['tools/start.mjs', ...args], { cwd: ROOT, env: { ...process.env, ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const run = { child, output: () => output, exit: once(child, 'exit').then(([code]) => code as number | null) };
  runs.push(run);
  return run;
}

async function vacancy(more: Record<string, string>, ...args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, ['tools/vacancy.mjs', ...args], { cwd: ROOT, env: { ...process.env, ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

const ready = (run: Run) => waitFor(() => run.output().includes('ready: open') || run.child.exitCode !== null, READY_MS, 'ready');
const rows = async () => ((await (await fetch(`http://127.0.0.1:${env.VACANCY_PORT}/api/v1/servers`)).json()) as { servers: LiveRow[] }).servers;
const sql = async (query: string) => (await fetch(`http://127.0.0.1:${env.VACANCY_CLICKHOUSE_PORT}/?${new URLSearchParams({ query })}`)).text();

/** Processes whose command line or environment names the data folder. */
async function processesOf(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const [cmdline, environ] = await Promise.all(['cmdline', 'environ'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')));
    if (pid !== process.pid && (cmdline!.includes(folder) || environ!.includes(`VACANCY_DATA_DIR=${folder}`))) found.push(pid);
  }
  return found;
}

describe('npm start', () => {
  it('shows this host live, ends without a trace, and comes back with what it had', { timeout: 3 * READY_MS }, async () => {
    const first = start();
    await ready(first);
    expect(first.output()).toContain(`http://127.0.0.1:${env.VACANCY_PORT}`);
    await waitFor(async () => (await rows()).some((row) => row.server === 'this-host' && row.online), 30_000, 'this host');
    await waitFor(async () => Number(await sql('SELECT count() FROM vacancy.server_samples')) > 3, 60_000, 'stored samples');

    // A second one on the same data folder is told so.
    const second = start();
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain('already runs on the data folder');

    first.child.kill('SIGINT');
    expect(await first.exit).toBe(0);
    expect(first.output()).toMatch(/ stopped\n$/);
    expect(await processesOf(data)).toEqual([]);

    const again = start();
    await ready(again);
    expect(Number(await sql('SELECT count() FROM vacancy.server_samples'))).toBeGreaterThan(3);

    // Killed outright, it leaves nothing that keeps the next one from starting.
    again.child.kill('SIGKILL');
    await again.exit;
    const after = start();
    await ready(after);
    await waitFor(async () => (await rows()).some((row) => row.server === 'this-host' && row.online), 60_000, 'this host again');
    after.child.kill('SIGTERM');
    expect(await after.exit).toBe(0);
    expect(await processesOf(data)).toEqual([]);
  });

  it('is copied whole by vacancy backup, refused while it runs, and lives again from the copy', { timeout: 2 * READY_MS }, async () => {
    const file = path.join(data, 'logs/copy.tar.gz');
    const stored = async () => Number(await sql("SELECT count() FROM vacancy.server_samples WHERE server = 'this-host'"));
    const run = start();
    await ready(run);
    expect(await vacancy({}, 'backup', file)).toMatchObject({ code: 2, text: expect.stringContaining('is running on this data folder') });
    const before = await stored();
    run.child.kill('SIGINT');
    expect(await run.exit).toBe(0);
    expect(await vacancy({}, 'backup', file)).toMatchObject({ code: 0 });
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await vacancy({}, 'restore', file)).toMatchObject({ code: 2, text: expect.stringContaining('is not empty') });

    const copy = { VACANCY_DATA_DIR: path.join(data, 'logs/copy') };
    expect(await vacancy(copy, 'restore', file)).toMatchObject({ code: 0 });
    const restored = start(copy);
    await ready(restored);
    expect(await stored()).toBeGreaterThanOrEqual(before);
    restored.child.kill('SIGINT');
    expect(await restored.exit).toBe(0);
  });

  it('says which port is taken and which setting changes it', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = String((taken.address() as { port: number }).port);
    const run = start({ VACANCY_PORT: port });
    expect(await run.exit).toBe(1);
    expect(run.output()).toContain(`Port ${port} (pages and API) is taken`);
    expect(run.output()).toContain('VACANCY_PORT');
    taken.close();
  });

  it('refuses arguments and folders it cannot use, with a sentence', async () => {
    const wrong = start({}, '--demo', 'many');
    expect(await wrong.exit).toBe(1);
    expect(wrong.output()).toContain('--demo needs a number of servers');
    const nowhere = start({ VACANCY_DATA_DIR: '/etc/hostname/data' });
    expect(await nowhere.exit).toBe(1);
    expect(nowhere.output()).toContain('VACANCY_DATA_DIR');
  });
});
