import { Cron } from 'croner';
import { DAY, MINUTE, SECOND, systemClock, type Clock } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Progress } from './reports.js';

/** What is done on schedule. */
export interface Work {
  /** Makes what is missing of the periods that had ended by `endedBy`, Unix ms. */
  makeMissing(endedBy: number, onProgress: (progress: Progress) => void): Promise<number>;
  /** The same, but only once the data of those periods has not changed since the call before. */
  makeArrived(endedBy: number, onProgress: (progress: Progress) => void): Promise<number>;
  reviseLate(): Promise<void>;
}

export interface ScheduleOptions {
  readonly work: Work;
  /** Local time of day, HH:mm. */
  readonly at: string;
  readonly timezone: string;
  readonly log: Log;
  readonly onProgress?: (progress: Progress) => void;
}

const RETRY_MS = 5 * MINUTE;
const LOOK_MS = 15 * MINUTE;
/** Rows are stored every three seconds at the latest: what has not changed for this long has come to rest. */
const REST_MS = 10 * SECOND;

/** The cron pattern of a time of day. @throws RangeError with a sentence */
export function patternOf(at: string): string {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(at.trim());
  if (!match) throw new RangeError(`VACANCY_REPORTS_AT is "${at}": a time of day such as 00:10 is needed.`);
  return `${Number(match[2])} ${Number(match[1])} * * *`;
}

/** When the reports are made next, Unix ms. A time that the clocks skip that day comes right after the gap. */
export const nextRun = (at: string, timezone: string, now: number): number =>
  new Cron(patternOf(at), { timezone, paused: true }).nextRun(new Date(now))!.getTime();

/** When they were last due: a period that ended since then still waits for its time. */
export function lastRun(at: string, timezone: string, now: number): number {
  let run = nextRun(at, timezone, now - 2 * DAY);
  for (let next = run; next <= now; next = nextRun(at, timezone, next)) run = next;
  return run;
}

/**
 * Makes reports every day at one time, which is when a day, and on their days a week, a month and a year, have just ended; what failed
 * again after five minutes. What was missed is made once its data has come to rest: after a start, when the stream's backlog has been
 * stored, and whenever data of the past arrives, as a history that is loaded. Looks every quarter of an hour for late data.
 */
export class Schedule implements AsyncDisposable {
  readonly #options: ScheduleOptions;
  readonly #clock: Clock;
  readonly #cancel = new Map<string, () => void>();
  #running: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(options: ScheduleOptions, clock: Clock = systemClock) {
    patternOf(options.at);
    this.#options = options;
    this.#clock = clock;
  }

  start(): void {
    this.#arrived();
    this.#next();
    this.#timer('look', LOOK_MS, () => this.#look());
  }

  /** Resolves when what has begun is done. */
  idle(): Promise<void> {
    return this.#running;
  }

  #next(): void {
    const { at, timezone } = this.#options;
    const now = this.#clock.now();
    this.#timer('make', nextRun(at, timezone, now) - now, () => this.#make());
  }

  #make(): void {
    this.#run(async () => {
      await this.#bring('makeMissing');
      this.#next();
    }, () => this.#timer('make', RETRY_MS, () => this.#make()));
  }

  #arrived(): void {
    const again = (ms: number) => this.#timer('arrived', ms, () => this.#arrived());
    this.#run(async () => {
      await this.#bring('makeArrived');
      again(REST_MS);
    }, () => again(RETRY_MS));
  }

  #look(): void {
    this.#run(() => this.#options.work.reviseLate());
    this.#timer('look', LOOK_MS, () => this.#look());
  }

  async #bring(way: 'makeMissing' | 'makeArrived'): Promise<void> {
    const { work, at, timezone, log, onProgress } = this.#options;
    const made = await work[way](lastRun(at, timezone, this.#clock.now()), (progress) => onProgress?.(progress));
    if (made > 0) log.info({ made }, 'reports up to date');
  }

  /** One after another: each reads what the other may be writing. */
  #run(work: () => Promise<void>, onFailure: () => void = () => {}): void {
    this.#running = this.#running.then(async () => {
      if (this.#ended) return;
      await work().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'reports could not be made');
        onFailure();
      });
    });
  }

  #timer(name: string, ms: number, task: () => void): void {
    this.#cancel.get(name)?.();
    if (!this.#ended) this.#cancel.set(name, this.#clock.setTimer(ms, task));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const cancel of this.#cancel.values()) cancel();
    await this.#running;
  }
}
