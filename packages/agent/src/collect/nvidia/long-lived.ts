import { spawn, type ChildProcess } from 'node:child_process';
import { MINUTE, type Clock, type Millis } from '@vacancy/shared/plain';
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
  /** Every whole line of its output. @returns whether it was data; what is none is a sentence for people. */
  line(line: string): boolean;
  /** Something it said, on whichever stream, while it goes on. */
  complained(text: string): void;
  /** It ended or hung; `missing` when there is no such program. */
  failed(reason: string, missing: boolean): void;
}

const BACKOFF_MS = { first: 1_000, most: 60_000 };
/** Lived this long: the next failure is a new one, not the last one again. */
const HEALTHY_MS = 60_000;
const UNKILLABLE_MS = 5_000;
/** Sentences that belong together. */
const FEW_LINES = 3;

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
  /** Why it was killed, until it is gone. */
  #killed: 'hung' | 'anew' | null = null;
  #since: Millis | null = null;
  /** Sentences that no data have followed yet, and the last that were passed on. */
  #said: string[] = [];
  #told = '';

  constructor(options: LongLivedOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Since when it runs without a failure; `null` while it does not. */
  get well_since(): Millis | null {
    return this.#since;
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (this.#child) this.#killed = 'anew'; // not gone yet
    else this.#run();
  }

  /** Lets one that runs begin again, with arguments asked for anew. */
  restart(): void {
    if (this.#child) this.#kill('anew');
  }

  stop(): void {
    this.#wanted = false;
    this.#since = null;
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
    const child = spawn(this.#options.command, this.#options.args(), { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#since ??= this.#clock.now();
    this.#said = [];
    this.#told = '';
    this.#watch();
    const [out, err] = [new Lines(), new Lines()];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      this.#watch();
      for (const line of out.push(chunk)) this.#hear(line, this.#options.line(line));
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => err.push(chunk).forEach((line) => this.#hear(line, false)));
    this.#ended = new Promise((resolve) => {
      let cause: NodeJS.ErrnoException | null = null;
      child.on('error', (error) => (cause = error));
      child.on('close', (code) => {
        resolve();
        this.#said.push(...out.end(), ...err.end());
        this.#closed(cause, cause ? reasonOf(cause) : this.#said.join('; ') || this.#told || `ended with ${code ?? 'a signal'}`);
      });
    });
  }

  /** What it says last is why it ended; what data follow on, it said of something else. */
  #hear(line: string, data: boolean): void {
    if (!data) this.#said.push(line.trim());
    if (this.#said.length < (data ? 1 : FEW_LINES)) return;
    this.#told = this.#said.join('; ');
    this.#said = [];
    this.#options.complained(this.#told);
  }

  #closed(cause: NodeJS.ErrnoException | null, reason: string): void {
    const why = this.#killed;
    const healthy = this.#since !== null && this.#clock.now() - this.#since >= HEALTHY_MS;
    this.#child = null;
    this.#killed = null;
    this.#silent();
    if (why === null || (why === 'hung' && this.#options.silence === 'failure')) this.#since = null;
    if (!this.#wanted) return;
    if (why === 'anew') return this.#run();
    if (why === null) this.#options.failed(reason, cause?.code === 'ENOENT');
    this.#backoff = healthy ? BACKOFF_MS.first : Math.min(BACKOFF_MS.most, this.#backoff * 2);
    this.#cancel = this.#clock.setTimer(this.#backoff, () => this.#wanted && !this.#child && this.#run());
  }

  #watch(): void {
    this.#silent();
    this.#silent = this.#clock.setTimer(this.#options.silence_ms, () => {
      if (this.#options.silence === 'failure') this.#options.failed(`no answer for ${Math.round(this.#options.silence_ms / 1_000)} s, killed`, false);
      this.#kill('hung');
      this.#silent = this.#clock.setTimer(UNKILLABLE_MS, () => this.#stillThere());
    });
  }

  #kill(why: 'hung' | 'anew'): void {
    this.#killed = why;
    this.#child?.kill('SIGKILL');
  }

  #stillThere(): void {
    this.#options.failed(`hangs in the kernel, process ${this.#child?.pid} cannot be killed`, false);
    this.#silent = this.#clock.setTimer(MINUTE, () => this.#stillThere());
  }
}
