import { readFile } from 'node:fs/promises';
import { err, ok, PERIODS, type Period, type Result } from '@vacancy/shared';
import type { MailServer } from './mail.js';
import { parseTarget } from './targets.js';
import type { Lang } from './lang.js';

export const CHAT_KINDS = ['webhook', 'dingtalk', 'feishu', 'wecom', 'slack'] as const;
export type ChatKind = (typeof CHAT_KINDS)[number];

interface Common {
  /** Its name in logs and lists. Everything else here may be a secret. */
  readonly name: string;
  readonly periods: readonly Period[];
  readonly lang: Lang;
  /** Told of a revision made because of late data, too. */
  readonly revisions: boolean;
  /** Told what somebody should know, as it happens. */
  readonly alerts: boolean;
}

export interface MailTarget extends Common, MailServer {
  readonly kind: 'mail';
  readonly to: readonly string[];
}

export interface ChatTarget extends Common {
  readonly kind: ChatKind;
  readonly url: string;
  /** DingTalk's and Feishu's signing secret, and a webhook's. */
  readonly secret?: string;
}

export type Delivery = MailTarget | ChatTarget;

/** The file cannot be used; the message says where and what, and never quotes a value. */
export class DeliveriesError extends Error {
  override readonly name = 'DeliveriesError';
}

export async function readDeliveries(file: string, allowPrivate = false): Promise<Delivery[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => Promise.reject(new DeliveriesError(`VACANCY_DELIVERIES_FILE could not be read: ${(cause as NodeJS.ErrnoException).code ?? 'error'}.`, { cause })));
  const parsed = parseDeliveries(text, allowPrivate);
  if (!parsed.ok) throw new DeliveriesError(`VACANCY_DELIVERIES_FILE cannot be used:\n${parsed.error.map((problem) => `  - ${problem}`).join('\n')}`);
  return parsed.value;
}

/** All that is wrong with the text, at once. */
export function parseDeliveries(text: string, allowPrivate = false): Result<Delivery[], string[]> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return err(['it is not JSON']);
  }
  const list = record(json)['deliveries'];
  if (!Array.isArray(list)) return err(['it must be { "deliveries": [ … ] }']);
  const problems: string[] = [];
  const deliveries = list.map((entry, i) => readDelivery(record(entry), (problem) => problems.push(`delivery ${i + 1}: ${problem}`), allowPrivate));
  const names = deliveries.map((delivery) => delivery.name);
  for (const name of new Set(names.filter((name, i) => names.indexOf(name) !== i))) problems.push(`two deliveries are named ${name}`);
  return problems.length > 0 ? err(problems) : ok(deliveries);
}

type Fields = Readonly<Record<string, unknown>>;
type Complain = (problem: string) => void;

const record = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

function readDelivery(fields: Fields, complain: Complain, allowPrivate: boolean): Delivery {
  const name = text(fields, 'name', complain);
  if (name && !/^[\w.-]{1,64}$/.test(name)) complain('name may hold letters, digits, dot, dash and underscore, at most 64');
  const periods = (Array.isArray(fields['periods']) ? fields['periods'] : ['day', 'week', 'month', 'year']) as Period[];
  if (!periods.every((period) => PERIODS.includes(period))) complain('periods may hold day, week, month and year');
  if (fields['lang'] !== undefined && fields['lang'] !== 'zh' && fields['lang'] !== 'en') complain('lang must be zh or en');
  const common: Common = { name, periods, lang: fields['lang'] === 'en' ? 'en' : 'zh', revisions: fields['revisions'] === true, alerts: fields['alerts'] === true };
  const kind = fields['kind'];
  if (kind === 'mail') return { ...common, kind, ...readMail(fields, complain) };
  if (!CHAT_KINDS.includes(kind as ChatKind)) complain(`kind must be one of mail, ${CHAT_KINDS.join(', ')}`);
  const url = text(fields, 'url', complain);
  const target = url ? parseTarget(url, allowPrivate) : null;
  if (target && !target.ok) complain(`url: ${target.error}`);
  else if (target?.ok && target.value.kind !== 'webhook') complain('url must be an http(s) address');
  return { ...common, kind: kind as ChatKind, url, ...(typeof fields['secret'] === 'string' && { secret: fields['secret'] }) };
}

function readMail(fields: Fields, complain: Complain): Omit<MailTarget, keyof Common | 'kind'> {
  const smtp = record(fields['smtp']);
  const to = Array.isArray(fields['to']) ? (fields['to'] as unknown[]) : [fields['to']];
  if (to.length === 0 || !to.every(isAddress)) complain('to must be an e-mail address or a list of them');
  const from = text(fields, 'from', complain);
  if (from && !isAddress(from)) complain('from must be an e-mail address');
  const port = smtp['port'] ?? 587;
  if (typeof port !== 'number' || !(port > 0 && port < 65_536)) complain('smtp.port must be a port');
  const host = text(smtp, 'host', (problem) => complain(`smtp.${problem}`));
  return {
    from, to: to.filter(isAddress),
    smtp: { host, port: Number(port), secure: smtp['secure'] === true, ...(typeof smtp['user'] === 'string' && { user: smtp['user'] }), ...(typeof smtp['password'] === 'string' && { password: smtp['password'] }) },
  };
}

/** `lab@example.org`, or `The lab <lab@example.org>`. */
function isAddress(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  const target = parseTarget(/^[^<>"\r\n]{0,64}<([^<>]+)>$/.exec(text)?.[1] ?? text);
  return target.ok && target.value.kind === 'mail';
}

function text(fields: Fields, name: string, complain: Complain): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  complain(`${name} is missing`);
  return '';
}
