import { systemClock, type Clock, type IdleDefinitions, type ReportEvent } from '@vacancy/shared';
import type { FastifyInstance } from 'fastify';
import { HttpError } from '../http/errors.js';
import { Lifetime } from '../lifetime.js';
import type { Log } from '../log.js';
import type { Delivery } from '../deliver/index.js';
import type { Database } from '../store/client.js';
import { Deliveries } from './deliver/deliveries.js';
import { renderCsv } from './render/csv.js';
import { PAGE_POLICY, renderHtml } from './render/html.js';
import { NoBrowserError, createPrinter, type PdfOptions } from './render/pdf.js';
import { ReportBook } from './reports.js';
import { reportRoutes, type Form } from './routes.js';
import { Schedule } from './schedule.js';

export { ReportBook, NoDataError, type Progress } from './reports.js';

export interface CreateReportsOptions {
  readonly db: Database;
  /** The one the archives were made for. */
  readonly timezone: string;
  /** Local time of day at which closed periods are made, HH:mm. */
  readonly at: string;
  /** Told of every revision that this instance made, for Socket.IO. */
  readonly push: (event: ReportEvent) => void;
  /** Who is sent which reports. */
  readonly targets: readonly Delivery[];
  /** Webhooks in private networks may be called. */
  readonly allow_private_webhooks: boolean;
  /** The address under which people reach the pages; null to leave links out of messages. */
  readonly public_url: string | null;
  /** Which definition of an idle card pages lead with. */
  readonly idle_lead: IdleDefinitions['lead'];
  readonly log: Log;
  readonly pdf?: PdfOptions;
}

export interface Reports extends AsyncDisposable {
  readonly book: ReportBook;
  readonly deliveries: Deliveries;
  /** Adds the report query below the API's base. */
  routes(app: FastifyInstance): void;
  /** Makes what is missing and begins to keep time; returns at once. */
  start(): void;
}

/**
 * The reports, their schedule and their deliveries. Nothing runs before `start`.
 * @throws RangeError when `at` is no time of day
 */
export function createReports(options: CreateReportsOptions, clock: Clock = systemClock): Reports {
  const { db, timezone, log, targets, allow_private_webhooks: allowPrivate } = options;
  const life = new Lifetime();
  const book = new ReportBook({
    db, timezone, log,
    onReport(event, report) {
      options.push(event);
      deliveries.deliver(report);
    },
  }, clock);
  const deliveries = life.own(new Deliveries({
    db, targets, allowPrivate, log, instance: book.instance,
    public_url: options.public_url?.replace(/\/+$/, '') ?? null, idle_lead: options.idle_lead,
    read: async (period, start, revision) => (await book.store.read(period, start, revision))?.report ?? null,
  }, clock));
  const schedule = life.own(new Schedule({ work: book, at: options.at, timezone, log }, clock));
  const forms = formsOf(createPrinter(options.pdf), options.idle_lead);
  return {
    book,
    deliveries,
    routes: (app) => reportRoutes(app, book, { forms, deliveries: () => deliveries.list() }),
    start() {
      schedule.start();
      deliveries.resume().catch((error: unknown) => log.warn({ err: error }, 'deliveries could not be resumed'));
    },
    [Symbol.asyncDispose]: () => life[Symbol.asyncDispose](),
  };
}

const formsOf = (print: (html: string) => Promise<Buffer>, lead: IdleDefinitions['lead']): Record<string, Form> => ({
  html: { type: 'text/html; charset=utf-8', inline: true, policy: `${PAGE_POLICY}; frame-ancestors 'self'`, render: (report, lang) => renderHtml(report, { lang, lead }) },
  csv: { type: 'text/csv; charset=utf-8', inline: false, render: renderCsv },
  pdf: {
    type: 'application/pdf', inline: true,
    async render(report, lang) {
      try {
        return await print(await renderHtml(report, { lang, lead }));
      } catch (error) {
        if (error instanceof NoBrowserError) throw new HttpError(501, 'no_browser', error.message);
        throw error;
      }
    },
  },
});
