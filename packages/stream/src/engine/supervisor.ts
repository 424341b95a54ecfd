import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { GIB, MIB, SECOND, systemClock, type Clock } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Limits } from './database.js';
import { explain } from './explain.js';
import { HEARTBEAT_MS, STOP_MS, type Report, type Start } from './messages.js';
import type { ReaderLimits } from './reader.js';

export interface EngineOptions {
  /** Folder of the database, made when it is not there. */
  readonly dataDir: string;
  readonly log: Log;
  /** Address to listen on. */
  readonly host?: string;
  /** 8123 unless told; 0 for any free one, which is then kept over restarts. */
  readonly port?: number;
  /** The account that may write; random password unless given. */
  readonly user?: string;
  readonly password?: string;
  readonly limits?: Partial<Limits>;
  /** For queries without the password, which may only read. */
  readonly readers?: Partial<ReaderLimits>;
}

export interface Engine extends AsyncDisposable {
  /** `http://host:port`, the same over restarts of the engine. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Whether the engine answers now; false while it is being restarted. */
  ready(): boolean;
  /** The engine's process, for faults on purpose; undefined while there is none. */
  readonly pid: number | undefined;
  /** How often it had to be started again. */
  readonly restarts: number;
}

/** A sentence that says what to do: the folder is in use, the port is taken, the disk is full. */
export class EngineStartError extends Error {
  override readonly name = 'EngineStartError';
}

const DEFAULT_LIMITS: Limits = { memory: 2 * GIB, queryMemory: GIB };
const DEFAULT_READERS: ReaderLimits = {
  concurrent: 4, executionSeconds: 30, memory: 512 * MIB, resultRows: 10_000_000, resultBytes: 256 * MIB, text: MIB,
};
const START_TIMEOUT_MS = 60 * SECOND;
// The probe is a query: under full load of all cores it has been seen to take seconds.
const SILENCE_MS = 15 * HEARTBEAT_MS;
const FIRST_DELAY_MS = 250;
const MAX_SAID = 4_000;
const MAX_DELAY_MS = 10 * SECOND;

/**
 * Starts the database engine in a process of its own and keeps it running: it is started again after a crash, and
 * killed and started again when it stops answering. Throws `EngineStartError` when the first start fails.
 */
export async function startEngine(options: EngineOptions, clock: Clock = systemClock): Promise<Engine> {
  const supervisor = new Supervisor(options, clock);
  await supervisor.start();
  return supervisor;
}

/** One of: starting → ready → (gone → starting)* → stopped. */
class Supervisor implements Engine {
  readonly username: string;
  readonly password: string;
  restarts = 0;
  readonly #start: Start;
  readonly #log: Log;
  readonly #clock: Clock;
  #port: number;
  #child: ChildProcess | undefined;
  #ready = false;
  #stopped = false;
  #delay = FIRST_DELAY_MS;
  #cancelRestart = (): void => {};

  constructor(options: EngineOptions, clock: Clock) {
    this.username = options.user ?? 'vacancy';
    this.password = options.password ?? randomBytes(24).toString('base64url');
    this.#log = options.log;
    this.#clock = clock;
    this.#port = options.port ?? 8123;
    this.#start = {
      dataDir: resolve(options.dataDir), host: options.host ?? '127.0.0.1', port: this.#port,
      user: this.username, password: this.password, limits: { ...DEFAULT_LIMITS, ...options.limits },
      readers: { ...DEFAULT_READERS, ...options.readers },
    };
  }

  get url(): string {
    return `http://${this.#start.host}:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  ready(): boolean {
    return this.#ready;
  }

  /** One attempt: resolves when the child serves, rejects with its reason. */
  async start(): Promise<void> {
    const child = forkChild();
    this.#child = child;
    const started = new Promise<void>((done, fail) => {
      let said = '';
      // The engine's own reason for not starting is only to be read there.
      child.stderr?.on('data', (text: Buffer) => {
        said = `${said}${text.toString()}`.slice(-MAX_SAID);
        this.#log.debug({ pid: child.pid, text: text.toString().trim() }, 'database says');
      });
      let cancelSilence = this.#clock.setTimer(START_TIMEOUT_MS, () => child.kill('SIGKILL'));
      child.on('message', (report: Report) => {
        if (report.type === 'failed') said = `${report.message}\n${said}`;
        else {
          cancelSilence();
          cancelSilence = this.#clock.setTimer(SILENCE_MS, () => this.#killSilent(child));
        }
        if (report.type === 'ready') {
          this.#becameReady(report.port);
          done();
        }
      });
      child.on('error', (cause) => fail(new EngineStartError(`The database's process cannot be run: ${cause.message}`, { cause })));
      child.once('exit', (code, signal) => {
        cancelSilence();
        this.#exited(code, signal);
        // What it said last may come after its end. (Not `close`: Node does not emit that after a `disconnect` from here.)
        finished(child.stderr!).catch(() => {}).finally(() => fail(new EngineStartError(explain(said, { ...this.#start, port: this.#port }))));
      });
    });
    child.send({ ...this.#start, port: this.#port } satisfies Start, () => {});
    await started;
  }

  #becameReady(port: number): void {
    this.#port = port;
    this.#ready = true;
    this.#delay = FIRST_DELAY_MS;
    this.#log.info({ url: this.url, pid: this.pid }, 'database ready');
  }

  #killSilent(child: ChildProcess): void {
    this.#log.warn({ pid: child.pid, silence_ms: SILENCE_MS }, 'database stopped answering, killing it');
    child.kill('SIGKILL');
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const wasReady = this.#ready || this.restarts > 0;
    this.#ready = false;
    this.#child = undefined;
    // A first start that fails is the caller's to report; only what has run is started again.
    if (this.#stopped || !wasReady) return;
    this.#log.warn({ code, signal, delay_ms: this.#delay }, 'database ended, starting it again');
    this.#cancelRestart = this.#clock.setTimer(this.#delay, () => {
      this.restarts += 1;
      this.start().catch((error: unknown) => this.#log.error({ err: error }, 'database did not start'));
    });
    this.#delay = Math.min(this.#delay * 2, MAX_DELAY_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#ready = false;
    this.#cancelRestart();
    const child = this.#child;
    if (!child) return;
    const exited = once(child, 'exit');
    const cancel = this.#clock.setTimer(STOP_MS + 500, () => child.kill('SIGKILL'));
    if (child.connected) child.disconnect();
    await exited;
    cancel();
    this.#log.info('database stopped');
  }
}

function forkChild(): ChildProcess {
  const self = fileURLToPath(import.meta.url);
  const source = self.endsWith('.ts');
  return fork(self.replace(/supervisor\.(ts|js)$/, 'child.$1'), {
    // The whole environment: the pool's size must be known before the process starts (the engine's queries occupy its
    // threads, and with the default of four they starve file access), and SQL can read nothing that is not there.
    env: { UV_THREADPOOL_SIZE: '16', TZ: 'UTC' },
    execArgv: source ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@vacancy/source'] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
}
