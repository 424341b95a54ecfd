import { createTransport } from 'nodemailer';
import type { Report } from '@vacancy/shared';
import { renderCsv } from '../render/csv.js';
import { renderHtml } from '../render/html.js';
import { briefOf, chatMessage, type Brief } from './messages.js';
import { postJson, type PostOptions } from './post.js';
import type { Delivery, MailTarget } from './settings.js';

export interface SendOptions extends PostOptions {
  /** The address under which people reach the pages, without a slash at its end. */
  readonly public_url: string | null;
}

/** Sends one report to one target. @throws Error whose message holds no secret */
export async function send(report: Report, target: Delivery, options: SendOptions, now: number): Promise<void> {
  const link = options.public_url && `${options.public_url}/reports/${report.period}/${report.start}`;
  const brief = briefOf(report, target.lang, link);
  if (target.kind === 'mail') return sendMail(report, target, brief, options.timeout_ms ?? 30_000);
  const { url, body } = chatMessage(target, report, brief, now);
  await postJson(url, body, options);
}

/** The short form in the mail, which every reader shows; the whole one with its charts, and the tables, attached. */
async function sendMail(report: Report, { from, to, smtp, lang }: MailTarget, brief: Brief, timeout_ms: number): Promise<void> {
  const transport = createTransport({
    host: smtp.host, port: smtp.port, secure: smtp.secure,
    // A server that offers no TLS must not be given a password in the clear.
    requireTLS: smtp.user !== undefined && !smtp.secure,
    ...(smtp.user !== undefined && { auth: { user: smtp.user, pass: smtp.password ?? '' } }),
    connectionTimeout: timeout_ms, greetingTimeout: timeout_ms, socketTimeout: timeout_ms,
    disableFileAccess: true, disableUrlAccess: true,
  });
  const name = `vacancy-${report.period}-${report.start}`;
  try {
    await transport.sendMail({
      from, to: [...to], subject: brief.title,
      text: [brief.title, '', ...brief.lines, ...(brief.link ? ['', brief.link] : [])].join('\n'),
      html: await renderHtml(report, { lang, brief: true }),
      attachments: [
        { filename: `${name}.html`, content: await renderHtml(report, { lang }), contentType: 'text/html; charset=utf-8' },
        { filename: `${name}.csv`, content: renderCsv(report, lang), contentType: 'text/csv; charset=utf-8' },
      ],
      // One revision is one message, however often it is tried.
      messageId: `<report-${report.period}-${report.start}-${report.revision}@vacancy.invalid>`,
    });
  } catch (cause) {
    const { code, responseCode } = cause as { code?: string; responseCode?: number };
    // The server's words may quote what it was given; its codes do not.
    throw new Error(`the mail server refused or did not answer (${[code, responseCode].filter(Boolean).join(' ') || 'unknown'})`, { cause });
  } finally {
    transport.close();
  }
}
