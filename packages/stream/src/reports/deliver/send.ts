import type { IdleDefinitions, Report } from '@vacancy/shared';
import { chatMessage, type Brief } from '../../deliver/chat.js';
import { sendMail } from '../../deliver/mail.js';
import { postJson, type PostOptions } from '../../deliver/post.js';
import type { Delivery, MailTarget } from '../../deliver/settings.js';
import { renderCsv } from '../render/csv.js';
import { renderHtml } from '../render/html.js';
import { briefOf, figuresOf } from './brief.js';

export interface SendOptions extends PostOptions {
  /** The address under which people reach the pages, without a slash at its end. */
  readonly public_url: string | null;
  /** Which definition of an idle card pages lead with. */
  readonly idle_lead?: IdleDefinitions['lead'];
}

/** Sends one report to one target. @throws Error whose message holds no secret */
export async function send(report: Report, target: Delivery, options: SendOptions, now: number): Promise<void> {
  const link = options.public_url && `${options.public_url}/reports/${report.period}/${report.start}`;
  const brief = briefOf(report, target.lang, link);
  if (target.kind === 'mail') return mailReport(report, target, brief, options);
  const { url, body } = chatMessage(target, brief, figuresOf(report), now);
  // The chat services have ways of their own, and want no other.
  await postJson(url, body, { ...options, ...(target.kind === 'webhook' && target.secret && { secret: target.secret }) });
}

/** The short form in the mail, which every reader shows; the whole one with its charts, and the tables, attached. */
async function mailReport(report: Report, target: MailTarget, brief: Brief, { timeout_ms, idle_lead: lead = 'free8g' }: SendOptions): Promise<void> {
  const { lang, to } = target;
  const name = `vacancy-${report.period}-${report.start}`;
  await sendMail(target, {
    to, subject: brief.title,
    text: [brief.title, '', ...brief.lines, ...(brief.link ? ['', brief.link] : [])].join('\n'),
    html: await renderHtml(report, { lang, lead, brief: true }),
    attachments: [
      { filename: `${name}.html`, content: await renderHtml(report, { lang, lead }), contentType: 'text/html; charset=utf-8' },
      { filename: `${name}.csv`, content: renderCsv(report, lang), contentType: 'text/csv; charset=utf-8' },
    ],
    // One revision is one message, however often it is tried.
    messageId: `<report-${report.period}-${report.start}-${report.revision}@vacancy.invalid>`,
  }, timeout_ms);
}
