import { spawn, type ChildProcess } from 'node:child_process';
import type { Clock } from '@vacancy/shared/plain';
import { reasonOf } from '../collector.js';
import { Lines } from './lines.js';

export interface LongLivedOptions {
  readonly command: string;
  /** Asked at every start. */
  args(): readonly string[];
  /** Silence after which the tool counts as hanging. */
  readonly silence_ms: number;
  /** What silence means: a failure to report, or a tool that had nothing to say and is started anew to be sure. */
  readonly silence: 'failure' | 'normal';
  /** Every whole line of its output. */
  line(line: string): void;
  /** It ended or hung; `missing` when there is no such program. */
  failed(reason: string, missing: boolean): void;
}

const BACKOFF_MS = { first: 1_000, most: 60_000 };
/** Lived this long: the next failure is a new one, not the last one again. */
const HEALTHY_MS = 60_000;
const UNKILLABLE_MS = 5_000;

/**
 * Keeps one program running that prints lines for ever. One that ends is started again, later each time; one that falls silent
 * is killed first. Never two at a time: a tool that hangs in the kernel does not die, and a second would hang beside it.
 */
export class LongLived implements AsyncDisposable {
  readonly #options: LongLivedOptions;
  readonly #clock: Clock;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #silent: () => void = () => {};
  #backoff = BACKOFF_MS.first;
  #wanted = false;
  #hung = false;

  constructor(options: LongLivedOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  get running(): boolean {
    return this.#child !== null;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (!this.#child) this.#run();
  }

  stop(): void {
    this.#wanted = false;
    this.#cancel();
    this.#silent();
    this.#child?.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    const waited = new Promise<void>((resolve) => setTimeout(resolve, 500).unref());
    await Promise.race([this.#ended, waited]); // one that cannot be killed must not hold us
  }

  #run(): void {
    const started = this.#clock.now();
    const lines = new Lines();
    let last = '';
    const child = spawn(this.#options.command, this.#options.args(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#watch();
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#watch();
      for (const line of lines.push(chunk)) this.#options.line((last = line));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (last = chunk.trim() || last));
    this.#ended = new Promise((resolve) => {
      let cause: NodeJS.ErrnoException | null = null;
      child.on('error', (error) => (cause = error));
      child.on('close', (code) => {
        resolve();
        this.#closed(started, cause, cause ? reasonOf(cause) : last && code !== 0 ? last : `ended with ${code ?? 'a signal'}`);
      });
    });
  }

  #closed(started: number, cause: NodeJS.ErrnoException | null, reason: string): void {
    this.#child = null;
    this.#silent();
    if (!this.#wanted) return;
    const hung = this.#hung;
    this.#hung = false;
    if (!hung) this.#options.failed(reason, cause?.code === 'ENOENT');
    this.#backoff = this.#clock.now() - started >= HEALTHY_MS ? BACKOFF_MS.first : Math.min(BACKOFF_MS.most, this.#backoff * 2);
    this.#cancel = this.#clock.setTimer(this.#backoff, () => this.#wanted && !this.#child && this.#run());
  }

  #watch(): void {
    this.#silent();
    this.#silent = this.#clock.setTimer(this.#options.silence_ms, () => {
      this.#hung = true;
      if (this.#options.silence === 'failure') this.#options.failed(`no answer for ${Math.round(this.#options.silence_ms / 1_000)} s, killed`, false);
      const { pid } = this.#child ?? {};
      this.#child?.kill('SIGKILL');
      this.#silent = this.#clock.setTimer(UNKILLABLE_MS, () => this.#options.failed(`hangs in the kernel, process ${pid} cannot be killed`, false));
    });
  }
}
