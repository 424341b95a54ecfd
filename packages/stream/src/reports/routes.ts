import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import Type from 'typebox';
import { PERIODS, type Period, type Report } from '@vacancy/shared';
import type { Attempt } from './deliver/deliveries.js';
import { HttpError, badRequest, notFound, unavailable } from '../http/errors.js';
import { parseStart, type Span } from './period.js';
import { languageOf, type Lang } from '../deliver/lang.js';
import { NoDataError, type ReportBook } from './reports.js';

const PeriodType = Type.Union(PERIODS.map((period) => Type.Literal(period)));
const ByName = Type.Object({
  period: PeriodType,
  start: Type.String({ maxLength: 20, description: 'Local date of the first day, yyyy-MM-dd; followed by .html, .csv or .pdf for that form' }),
});
const Language = Type.Optional(Type.Union([Type.Literal('zh'), Type.Literal('en')], { description: 'Language of .html, .csv and .pdf; Accept-Language unless given' }));

/** A form of a report beside JSON: made when it is asked for, from the report alone. */
export interface Form {
  readonly type: string;
  readonly inline: boolean;
  /** What the form may load, where a browser shows it. */
  readonly policy?: string;
  render(report: Report, lang: Lang): Promise<string | Buffer> | string | Buffer;
}

export interface RouteOptions {
  /** By the suffix that names each. */
  readonly forms: Readonly<Record<string, Form>>;
  readonly deliveries: () => Promise<readonly Attempt[]>;
}

/** The report query: list, report, comparison, deliveries, and making one by hand. */
export function reportRoutes(app: FastifyInstance, book: ReportBook, { forms, deliveries }: RouteOptions): void {
  const typed = app.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['reports'];

  typed.get('/reports', { schema: { tags, summary: 'The kept reports of one kind, newest first', querystring: Type.Object({ period: PeriodType, limit: Type.Integer({ minimum: 1, maximum: 5000, default: 500 }) }) } }, ({ query }) =>
    answer(book.list(query.period, query.limit)),
  );

  typed.get(
    '/reports/compare',
    { schema: { tags, summary: 'Two reports of one kind side by side', querystring: Type.Object({ period: PeriodType, a: Type.String({ maxLength: 20 }), b: Type.String({ maxLength: 20 }) }) } },
    ({ query: { period, a, b } }) => answer(book.compare(spanOf(book, period, a), spanOf(book, period, b))),
  );

  typed.get('/reports/deliveries', { schema: { tags, summary: 'The log of deliveries, newest first; targets by the names they were given' } }, async () => ({ deliveries: await answer(deliveries()) }));

  typed.get(
    '/reports/:period/:start',
    { schema: { tags, summary: 'One report, as JSON or in the form its suffix names', params: ByName, querystring: Type.Object({ lang: Language, revision: Type.Optional(Type.Integer({ minimum: 1 })) }) } },
    async ({ params, query, headers }, reply) => {
      const { name, suffix } = splitSuffix(params.start);
      const form = suffix === null ? null : forms[suffix];
      if (form === undefined) throw notFound(`A report has no form "${suffix}": use ${Object.keys(forms).map((known) => `.${known}`).join(', ')} or none for JSON.`);
      const report = await answer(book.get(spanOf(book, params.period, name), query.revision));
      void reply.header('cache-control', 'no-cache');
      if (!form) return report;
      return sendForm(reply, form, report, suffix!, query.lang ?? languageOf(headers['accept-language']));
    },
  );

  typed.post(
    '/reports/:period/:start',
    { schema: { tags, summary: 'Make a closed report, or make it anew when its data has changed', params: ByName, querystring: Type.Object({ force: Type.Boolean({ default: false, description: 'Build it even when no data has changed' }) }) } },
    ({ params, query }) => {
      const span = spanOf(book, params.period, params.start);
      return answer(book.make(span, query.force));
    },
  );
}

async function sendForm(reply: FastifyReply, form: Form, report: Report, suffix: string, lang: Lang): Promise<FastifyReply> {
  const body = await form.render(report, lang);
  const file = `vacancy-${report.period}-${report.start}.${suffix}`;
  if (form.policy) void reply.header('content-security-policy', form.policy);
  return reply.type(form.type).header('content-disposition', `${form.inline ? 'inline' : 'attachment'}; filename="${file}"`).header('vary', 'accept-language').send(body);
}

function splitSuffix(start: string): { name: string; suffix: string | null } {
  const dot = start.indexOf('.');
  return dot < 0 ? { name: start, suffix: null } : { name: start.slice(0, dot), suffix: start.slice(dot + 1) };
}

function spanOf(book: ReportBook, period: Period, start: string): Span {
  const span = parseStart(period, start, book.timezone);
  if (!span.ok) throw badRequest(`${span.error}.`);
  return span.value;
}

async function answer<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NoDataError) throw notFound(error.message);
    if (error instanceof HttpError || isBug(error)) throw error;
    throw unavailable('The database does not answer; live figures are not affected.', error);
  }
}

const isBug = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError || error instanceof SyntaxError;
