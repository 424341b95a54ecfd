import { createTransport, type SendMailOptions } from 'nodemailer';

export interface MailServer {
  readonly from: string;
  readonly smtp: { readonly host: string; readonly port: number; readonly secure: boolean; readonly user?: string; readonly password?: string };
}

export type Mail = Pick<SendMailOptions, 'subject' | 'text' | 'html' | 'attachments' | 'messageId'> & { readonly to: readonly string[] };

/** The server did not take the mail. */
export class MailError extends Error {
  override readonly name = 'MailError';
  /** It may take it later: it was not reached, or said so itself (4xx). */
  readonly retryable: boolean;

  constructor(cause: { code?: string; responseCode?: number }) {
    const { code, responseCode } = cause;
    // The server's words may quote what it was given; its codes do not.
    super(`the mail server refused or did not answer (${[code, responseCode].filter(Boolean).join(' ') || 'unknown'})`, { cause });
    this.retryable = responseCode === undefined ? code === 'ECONNECTION' || code === 'EDNS' || code === 'ESOCKET' : responseCode < 500;
  }
}

/** @throws MailError whose message holds no secret */
export async function sendMail({ from, smtp }: MailServer, { to, ...mail }: Mail, timeout_ms = 30_000): Promise<void> {
  const transport = createTransport({
    host: smtp.host, port: smtp.port, secure: smtp.secure,
    // A server that offers no TLS must not be given a password in the clear.
    requireTLS: smtp.user !== undefined && !smtp.secure,
    ...(smtp.user !== undefined && { auth: { user: smtp.user, pass: smtp.password ?? '' } }),
    connectionTimeout: timeout_ms, greetingTimeout: timeout_ms, socketTimeout: timeout_ms,
    disableFileAccess: true, disableUrlAccess: true,
  });
  try {
    await transport.sendMail({ from, to: [...to], ...mail });
  } catch (cause) {
    throw new MailError(cause as { code?: string; responseCode?: number });
  } finally {
    transport.close();
  }
}
