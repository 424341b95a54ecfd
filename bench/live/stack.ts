import { fork, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NatsConnection } from '@nats-io/transport-node';
import { freePort, startTestNats, waitFor } from '../../test/harness/nats.js';
import { end } from '../ingest/processes.js';

/** What a fleet meets in earnest: a nats-server, and the built service with its engine in a process of its own. */
export interface BenchStack extends AsyncDisposable {
  readonly url: string;
  readonly nats_url: string;
  connect(): Promise<NatsConnection>;
  api<T>(route: string): Promise<T>;
  /** Resolves when the service knows this many servers. */
  untilServers(count: number): Promise<void>;
}

/** @param flags for the service's Node, such as `--cpu-prof` */
export async function startStack(flags: readonly string[] = []): Promise<BenchStack> {
  const nats = await startTestNats();
  const data = await mkdtemp(path.join(tmpdir(), 'vacancy-bench-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const service = start(fileURLToPath(new URL('../../packages/stream/dist/main.js', import.meta.url)), [], flags, {
    VACANCY_NATS_URL: nats.url,
    VACANCY_DATA_DIR: data,
    VACANCY_PORT: new URL(url).port,
    VACANCY_CLICKHOUSE_PORT: String(await freePort()),
    VACANCY_STREAM_BYTES: '2GiB',
    VACANCY_LOG_LEVEL: 'error',
  });
  const dispose = async (): Promise<void> => {
    await end(service);
    await nats[Symbol.asyncDispose]();
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  };
  const api = async <T>(route: string): Promise<T> => (await (await fetch(`${url}/api/v1${route}`)).json()) as T;
  try {
    await waitFor(() => isReady(url, service), 120_000, 'the service');
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url, nats_url: nats.url, api,
    connect: () => nats.connect(),
    untilServers: (count) => waitFor(async () => (await api<{ online_num: number }>('/overview')).online_num >= count, 60_000, `${count} servers`),
    [Symbol.asyncDispose]: dispose,
  };
}

async function isReady(url: string, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`the service ended (${exitCode})`);
  return fetch(`${url}/readyz`).then((answer) => answer.ok, () => false);
}

/** A Node process that ends with this one, whatever ends this one: it is told so over its channel. */
export function start(file: string, args: readonly string[] = [], flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return fork(file, args, { execArgv: [...flags], env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

export interface Helper extends AsyncDisposable {
  readonly pid: number;
  /** The answer to one question; a helper answers them in turn. */
  ask<Answer>(question: object, timeout_ms?: number): Promise<Answer>;
}

const ANSWER_MS = 60_000;

/** A script of this folder in a process of its own, so that its work is not done in the one that measures. */
export function startHelper(name: string, parameters: object): Helper {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child = start(file, [JSON.stringify(parameters)], ['--import', 'tsx', '--conditions=@vacancy/source']);
  return {
    pid: child.pid!,
    ask: <Answer>(question: object, timeout_ms = ANSWER_MS) =>
      new Promise<Answer>((resolve, reject) => {
        const fail = (why: string) => (): void => reject(new Error(`${name} ${why}`));
        const timer = setTimeout(fail(`did not answer within ${timeout_ms} ms`), timeout_ms);
        const ended = fail('ended');
        child.once('exit', ended);
        child.once('message', (answer) => {
          clearTimeout(timer);
          child.off('exit', ended);
          resolve(answer as Answer);
        });
        child.send(question);
      }),
    [Symbol.asyncDispose]: () => end(child),
  };
}
