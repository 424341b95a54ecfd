import { Cron } from 'croner';
import { DAY, MINUTE, systemClock, type Clock } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Progress } from './reports.js';

/** What is done on schedule. */
export interface Work {
  /** Makes what is missing of the periods that had ended by `endedBy`, Unix ms. */
  makeMissing(endedBy: number, onProgress: (progress: Progress) => void): Promise<number>;
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
 * Makes reports every day at one time, which is when a day, and on their days a week, a month and a year, have just ended; what was
 * missed while the service was down at once, and what failed again after five minutes. Looks every quarter of an hour for late data,
 * and for reports that are missing because the data itself came late: a history that was loaded, an archive that was rebuilt.
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
    this.#make();
    this.#timer('look', LOOK_MS, () => this.#look());
  }

  /** Resolves when what has begun is done. */
  idle(): Promise<void> {
    return this.#running;
  }

  #make(): void {
    const { at, timezone } = this.#options;
    this.#run(async () => {
      await this.#makeMissing();
      const now = this.#clock.now();
      this.#timer('make', nextRun(at, timezone, now) - now, () => this.#make());
    }, () => this.#timer('make', RETRY_MS, () => this.#make()));
  }

  #look(): void {
    this.#run(async () => {
      await this.#options.work.reviseLate();
      await this.#makeMissing();
    });
    this.#timer('look', LOOK_MS, () => this.#look());
  }

  async #makeMissing(): Promise<void> {
    const { work, at, timezone, log, onProgress } = this.#options;
    const made = await work.makeMissing(lastRun(at, timezone, this.#clock.now()), (progress) => onProgress?.(progress));
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
