import { DateTime } from 'luxon';
import { HOUR, MINUTE, SECOND, systemClock, type Clock, type Period, type Report } from '@vacancy/shared';
import type { Log } from '../../log.js';
import type { Database } from '../../store/client.js';
import { insertOnce } from '../store.js';
import { send, type SendOptions } from './send.js';
import type { Delivery } from '../../deliver/settings.js';

export type State = 'begun' | 'sent' | 'failed';

export interface Attempt {
  readonly period: Period;
  readonly start: string;
  readonly revision: number;
  readonly target: string;
  readonly attempt: number;
  readonly state: State;
  readonly ts: number;
  readonly detail: string;
}

/** Waits before the second attempt and those after it. */
const BACKOFF_MS = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR] as const;
export const MOST_ATTEMPTS = BACKOFF_MS.length + 1;
/** An attempt without an end after this long belongs to a process that is gone. */
const GONE_MS = 15 * MINUTE;

/** What to do next for one report and target, from the log of it: nothing more, or attempt `attempt` at `at`. */
export function nextAttempt(attempts: readonly Pick<Attempt, 'attempt' | 'state' | 'ts'>[], now: number): { attempt: number; at: number } | null {
  if (attempts.some((row) => row.state === 'sent')) return null;
  const last = Math.max(0, ...attempts.map((row) => row.attempt));
  if (last >= MOST_ATTEMPTS) return null;
  if (last === 0) return { attempt: 1, at: now };
  const failed = attempts.find((row) => row.attempt === last && row.state === 'failed');
  const begun = attempts.find((row) => row.attempt === last && row.state === 'begun');
  return { attempt: last + 1, at: failed ? failed.ts + BACKOFF_MS[last - 1]! : begun!.ts + GONE_MS };
}

export interface DeliveriesOptions extends SendOptions {
  readonly db: Database;
  readonly targets: readonly Delivery[];
  /** This instance of the service, among several. */
  readonly instance: string;
  readonly log: Log;
  /** The report to deliver, for what a process before this one had left undone. */
  readonly read: (period: Period, start: string, revision: number) => Promise<Report | null>;
}

/**
 * Delivers reports and keeps a log of it in the database. The log is also the queue: what was begun by a process that died is tried
 * again by the next one, and of several instances one makes an attempt. A target may therefore be told twice when a process dies
 * between sending and noting it; it is never forgotten.
 */
export class Deliveries implements AsyncDisposable {
  readonly #options: DeliveriesOptions;
  readonly #clock: Clock;
  readonly #timers = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();
  #ended = false;

  constructor(options: DeliveriesOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Begins to deliver a report to everybody who wants it. */
  deliver(report: Report): void {
    for (const target of this.#options.targets) if (wants(target, report)) this.#run(report, target);
  }

  /** Takes up what was begun in the last two days and not ended. */
  async resume(): Promise<void> {
    const open = new Map<string, Attempt>();
    const attempts = await this.list(1000, this.#clock.now() - 48 * HOUR);
    for (const attempt of attempts) open.set(`${attempt.period}:${attempt.start}:${attempt.revision}:${attempt.target}`, attempt);
    for (const { period, start, revision, target: name } of open.values()) {
      const target = this.#options.targets.find((other) => other.name === name);
      const report = target && (await this.#options.read(period, start, revision));
      if (target && report) this.#run(report, target);
    }
  }

  /** The log, newest first. */
  list(limit = 200, since = 0): Promise<Attempt[]> {
    return this.#options.db.rows<Attempt>(
      `SELECT d.period AS period, toString(d.start) AS start, d.revision AS revision, d.target AS target, d.attempt AS attempt, d.state AS state, toUnixTimestamp64Milli(d.ts) AS ts, d.detail AS detail
       FROM report_deliveries AS d WHERE d.ts >= fromUnixTimestamp64Milli({since: Int64}) ORDER BY d.ts DESC, d.attempt DESC LIMIT {limit: UInt32}`,
      { limit, since },
    );
  }

  /** Resolves when nothing is being sent; what waits for its next attempt still waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #run(report: Report, target: Delivery): void {
    if (this.#ended) return;
    const run = this.#step(report, target)
      .catch((error: unknown) => {
        // The database is away: nothing was claimed, so nothing is lost by trying again.
        this.#options.log.warn({ err: error, target: target.name }, 'delivery could not be noted');
        this.#later(BACKOFF_MS[1], report, target);
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #step(report: Report, target: Delivery): Promise<void> {
    const next = nextAttempt(await this.#attempts(report, target), this.#clock.now());
    if (!next) return;
    const wait = next.at - this.#clock.now();
    if (wait > 0) return this.#later(wait, report, target);
    if (!(await this.#note(report, target, next.attempt, 'begun', ''))) return this.#later(GONE_MS, report, target);
    const failure = await send(report, target, this.#options, this.#clock.now()).then(() => null, (error: unknown) => error as Error);
    await this.#note(report, target, next.attempt, failure ? 'failed' : 'sent', failure?.message ?? '');
    const told = { period: report.period, start: report.start, revision: report.revision, target: target.name, attempt: next.attempt };
    if (!failure) return this.#options.log.info(told, 'report delivered');
    this.#options.log.warn({ ...told, reason: failure.message }, 'report not delivered');
    return this.#step(report, target);
  }

  #later(ms: number, report: Report, target: Delivery): void {
    if (this.#ended) return;
    const cancel = this.#clock.setTimer(ms, () => {
      this.#timers.delete(cancel);
      this.#run(report, target);
    });
    this.#timers.add(cancel);
  }

  #attempts({ period, start, revision }: Report, target: Delivery): Promise<Attempt[]> {
    return this.#options.db.rows<Attempt>(
      `SELECT d.attempt AS attempt, d.state AS state, toUnixTimestamp64Milli(d.ts) AS ts FROM report_deliveries AS d
       WHERE d.period = {period: String} AND d.start = toDate32({start: String}) AND d.revision = {revision: UInt32} AND d.target = {target: String}`,
      { period, start, revision, target: target.name },
    );
  }

  /** @returns whether it is this instance's row that stands in the log */
  async #note({ period, start, revision }: Report, target: Delivery, attempt: number, state: State, detail: string): Promise<boolean> {
    const made_by = this.#options.instance;
    const row = { period, start, revision, target: target.name, attempt, state, ts: this.#clock.now() / 1000, made_by, detail: detail.slice(0, 300) };
    await insertOnce(this.#options.db, 'report_deliveries', row, `deliver:${period}:${start}:${revision}:${target.name}:${attempt}:${state}`);
    const rows = await this.#options.db.rows<{ made_by: string }>(
      `SELECT d.made_by AS made_by FROM report_deliveries AS d WHERE d.period = {period: String} AND d.start = toDate32({start: String}) AND d.revision = {revision: UInt32}
       AND d.target = {target: String} AND d.attempt = {attempt: UInt8} AND d.state = {state: String} LIMIT 1`,
      { period, start, revision, target: target.name, attempt, state },
    );
    return rows[0]?.made_by === made_by;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    for (const cancel of this.#timers) cancel();
    await this.idle();
  }
}

/** Older reports are made when a service starts with a history, or by hand: nobody waits for those. */
const NEWS_MS = 48 * HOUR;

/** A wanted kind of report of a period that has just ended; revisions only where they are wanted. */
export const wants = (target: Delivery, { open, period, revision, end, timezone, generated_at }: Report): boolean =>
  !open && target.periods.includes(period) && (revision === 1 || target.revisions) && generated_at - DateTime.fromISO(end, { zone: timezone }).toMillis() <= NEWS_MS;
