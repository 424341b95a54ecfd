import { randomUUID } from 'node:crypto';
import {
  PERIODS, systemClock,
  type Clock, type Period, type Report, type ReportComparison, type ReportEvent, type ReportList,
} from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Database } from '../store/client.js';
import { FORMULA, buildReport } from './build.js';
import { changesBetween, compareReports, saysTheSame } from './changes.js';
import { closedSpans, previousSpan, spanAt, type Span } from './period.js';
import { ReportStore, dateOf, firstDay, inputsOf, readDays, type Known, type Stored } from './store.js';

export interface Progress {
  readonly period: Period;
  readonly start: string;
  readonly done: number;
  readonly total: number;
}

export interface ReportsOptions {
  readonly db: Database;
  /** IANA name; the one the archives were made for. */
  readonly timezone: string;
  readonly log: Log;
  /** Told of every revision that this instance made. */
  readonly onReport?: (event: ReportEvent, report: Report) => void;
}

/** A report of a time before the archives begin, or of one that has not come yet. */
export class NoDataError extends Error {
  override readonly name = 'NoDataError';
}

/** How many closed periods are made at start when they are missing, and looked at for late data. Older ones are made when they are asked for. */
export const KEPT_UP: Record<Period, number> = { day: 62, week: 12, month: 24, year: 5 };

/** An open period is built anew at most this often. */
const OPEN_FOR_MS = 15_000;

/**
 * The reports: closed ones are made once and kept, an open one is built when it is asked for.
 *
 * Making is idempotent: nothing is made anew while the days it was made of have not changed, and several instances that make
 * one at the same time keep the first one's.
 */
export class ReportBook {
  readonly #db: Database;
  readonly #store: ReportStore;
  readonly #options: ReportsOptions;
  readonly #clock: Clock;
  readonly #id = randomUUID();
  readonly #running = new Map<string, Promise<Report>>();
  readonly #open = new Map<string, { at: number; report: Promise<Report> }>();
  /** Where nothing was missing when it was last looked; and what was missing else, with the days it would be made of. */
  #complete = '';
  #arriving = '';

  constructor(options: ReportsOptions, clock: Clock = systemClock) {
    this.#db = options.db;
    this.#store = new ReportStore(options.db);
    this.#options = options;
    this.#clock = clock;
  }

  get timezone(): string {
    return this.#options.timezone;
  }

  get store(): ReportStore {
    return this.#store;
  }

  /** This instance, in what several share. */
  get instance(): string {
    return this.#id;
  }

  async list(period: Period, limit = 500): Promise<ReportList> {
    const [reports, first] = await Promise.all([this.#store.list(period, limit), firstDay(this.#db)]);
    return { reports, timezone: this.timezone, since: first === null ? null : dateOf(first, this.timezone) };
  }

  /** The kept report, the open one as it stands, or one made now. @throws NoDataError */
  async get(span: Span, revision = 0): Promise<Report> {
    if (span.to > this.#clock.now()) return this.#openReport(span);
    const stored = await this.#store.read(span.period, span.start, revision);
    if (stored) return stored.report;
    if (revision > 0) throw new NoDataError(`There is no revision ${revision} of this report.`);
    return this.make(span);
  }

  /**
   * Makes a closed period's report, or returns the kept one when nothing it was made of has changed.
   * @param force builds it even so; a new revision comes of it only when it says something else
   */
  make(span: Span, force = false): Promise<Report> {
    const key = `${span.period}:${span.start}:${String(force)}`;
    const running = this.#running.get(key) ?? this.#make(span, force).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }

  async compare(a: Span, b: Span): Promise<ReportComparison> {
    return compareReports(...(await Promise.all([this.get(a), this.get(b)])));
  }

  /**
   * Makes what is missing of the newest periods that had ended by `endedBy`, newest first.
   * @returns how many were made
   */
  async makeMissing(endedBy = this.#clock.now(), onProgress: (progress: Progress) => void = () => {}): Promise<number> {
    return this.#makeAll(await this.#missing(endedBy, await firstDay(this.#db)), onProgress);
  }

  /**
   * Makes what is missing once its days are as they were at the call before: a month of history that takes minutes to arrive, or a
   * night's backlog after a start, makes whole reports and no revisions of them. Asked often: while nothing is missing, it costs one
   * small query.
   */
  async makeArrived(endedBy = this.#clock.now(), onProgress: (progress: Progress) => void = () => {}): Promise<number> {
    const since = await firstDay(this.#db);
    const reach = `${since}:${endedBy}`;
    if (reach === this.#complete) return 0;
    const missing = await this.#missing(endedBy, since);
    if (missing.length === 0) this.#complete = reach;
    const found = await this.#fingerprint(missing);
    const rested = found === this.#arriving;
    this.#arriving = found;
    return rested ? this.#makeAll(missing, onProgress) : 0;
  }

  async #makeAll(missing: readonly Span[], onProgress: (progress: Progress) => void): Promise<number> {
    for (const [done, span] of missing.entries()) {
      onProgress({ period: span.period, start: span.start, done, total: missing.length });
      await this.make(span);
    }
    return missing.length;
  }

  async #fingerprint(spans: readonly Span[]): Promise<string> {
    if (spans.length === 0) return '';
    const days = await readDays(this.#db, Math.min(...spans.map((span) => previousSpan(span).from)), Math.max(...spans.map((span) => span.to)));
    return spans.map((span) => `${span.period}:${span.start}:${inputsOf(span, days)}`).join();
  }

  /**
   * Looks for reports whose days have changed since they were made. The first look marks one as late; once the data has come to
   * rest until the next look, it is made anew: an agent that replays an hour's samples makes one revision, not sixty.
   */
  async reviseLate(): Promise<void> {
    const now = this.#clock.now();
    for (const period of PERIODS) {
      const spans = new Map(closedSpans(period, now, this.timezone, KEPT_UP[period], 0).map((span) => [span.start, span]));
      const oldest = [...spans.values()].at(-1)!;
      const known = await this.#store.known(period, oldest.start);
      if (known.length === 0) continue;
      const days = await readDays(this.#db, previousSpan(oldest).from, now);
      for (const report of known) {
        const span = spans.get(report.start);
        if (span) await this.#revise(report, span, inputsOf(span, days), now);
      }
    }
  }

  async #revise(known: Known, span: Span, inputs: string, now: number): Promise<void> {
    if (known.inputs === inputs && known.formula === FORMULA) {
      if (known.late) await this.#store.mark(known.period, known.start, known.revision, inputs, false, now);
    } else if (!known.late || known.found !== inputs) await this.#store.mark(known.period, known.start, known.revision, inputs, true, now);
    else await this.make(span);
  }

  async #missing(endedBy: number, since: number | null): Promise<Span[]> {
    if (since === null) return [];
    const missing: Span[] = [];
    for (const period of PERIODS) {
      const spans = closedSpans(period, endedBy, this.timezone, KEPT_UP[period], since);
      if (spans.length === 0) continue;
      const known = new Set((await this.#store.known(period, spans.at(-1)!.start)).map((report) => report.start));
      missing.push(...spans.filter((span) => !known.has(span.start)));
    }
    return missing.sort((a, b) => b.to - a.to);
  }

  async #make(span: Span, force: boolean): Promise<Report> {
    const now = this.#clock.now();
    if (span.to > now) return this.#openReport(span);
    const stored = await this.#store.read(span.period, span.start);
    const inputs = inputsOf(span, await readDays(this.#db, previousSpan(span).from, span.to));
    if (stored && !force && stored.inputs === inputs && stored.report.formula === FORMULA) return stored.report;
    if (!stored) await this.#refuseBeforeData(span);
    const built = await buildReport(this.#db, span, now);
    return stored ? this.#keepRevision(stored, built, inputs) : this.#keep({ ...built, revision: 1 }, inputs);
  }

  async #keepRevision(stored: Stored, built: Report, inputs: string): Promise<Report> {
    const { period, start, revision } = stored.report;
    if (!saysTheSame(stored.report, built)) return this.#keep({ ...built, revision: revision + 1, changes: changesBetween(stored.report, built) }, inputs);
    if (stored.inputs !== inputs || stored.report.late) await this.#store.mark(period, start, revision, inputs, false, this.#clock.now());
    return { ...stored.report, late: false };
  }

  async #keep(report: Report, inputs: string): Promise<Report> {
    const kept = await this.#store.write(report, inputs, this.#id);
    const { period, start, revision } = kept.report;
    if (kept.made_by === this.#id) {
      this.#options.log.info({ period, start, revision }, 'report made');
      this.#options.onReport?.({ period, start, revision, ts: kept.report.generated_at }, kept.report);
    }
    return kept.report;
  }

  async #refuseBeforeData(span: Span): Promise<void> {
    const since = await firstDay(this.#db);
    if (since === null || span.to <= since) throw new NoDataError(since === null ? 'No sample has been stored yet.' : `The archives begin on ${dateOf(since, this.timezone)}.`);
  }

  #openReport(span: Span): Promise<Report> {
    const now = this.#clock.now();
    if (span.from > now) throw new NoDataError(`The ${span.period} that begins on ${span.start} has not come yet.`);
    const key = `${span.period}:${span.start}`;
    const known = this.#open.get(key);
    if (known && now - known.at < OPEN_FOR_MS) return known.report;
    const report = this.#refuseBeforeData(span).then(() => buildReport(this.#db, span, now));
    report.catch(() => this.#open.delete(key));
    for (const [old, { at }] of this.#open) if (now - at >= OPEN_FOR_MS) this.#open.delete(old);
    this.#open.set(key, { at: now, report });
    return report;
  }

  /** The period that holds this moment. */
  current(period: Period): Span {
    return spanAt(period, this.#clock.now(), this.timezone);
  }
}
