import { createHmac } from 'node:crypto';
import type { Report } from '@vacancy/shared';
import { bytes, idleTerms, percent, share } from '../render/format.js';
import { titleOf } from '../render/html.js';
import type { Lang } from '../render/lang.js';
import { plain } from '../render/markup.js';
import { WORDS } from '../render/words.js';
import type { ChatTarget } from './settings.js';

/** A report as a few lines for a chat: the summary, or the main figures where there is none. */
export interface Brief {
  readonly title: string;
  readonly lines: readonly string[];
  /** Where the whole report is read; null where the service does not know its own address. */
  readonly link: string | null;
}

export function briefOf(report: Report, lang: Lang, link: string | null): Brief {
  const words = WORDS[lang];
  const { fleet } = report;
  const { size, part } = idleTerms(report.idle);
  const figures = report.general.server_num === 0 ? [words.empty] : [
    `${words.server_num} ${report.general.server_num} · ${words.gpu_num} ${report.general.gpu_num} · ${words.coverage} ${share(report.coverage)}`,
    `${words.cpu_mean} ${percent(fleet.cpu_mean)} · ${words.idle_rate} ${share(fleet.idle_rate.free8g)} (${words.free8g(size)}), ${share(fleet.idle_rate.used10pct)} (${words.used10pct(part)})`,
    `${words.hdd_used_avg} ${bytes(fleet.hdd_used_avg)} · ${words.network_up_total} ${bytes(fleet.network_up_total)} · ${words.network_down_total} ${bytes(fleet.network_down_total)}`,
  ];
  const revised = report.revision > 1 ? [words.changed(report.changes.length)] : [];
  return { title: titleOf(report, words), lines: [...revised, ...figures, ...report.summary.map((sentence) => sentence[lang])], link };
}

export interface Message {
  readonly url: string;
  readonly body: unknown;
}

/** What each service wants to be posted, and where: DingTalk signs in the address, Feishu in the body. */
export function chatMessage(target: ChatTarget, report: Report, brief: Brief, now: number): Message {
  const { url, secret } = target;
  switch (target.kind) {
    case 'webhook': {
      const { period, start, end, timezone, revision, generated_at, coverage, general, fleet, previous, summary } = report;
      return { url, body: { kind: 'report', title: brief.title, link: brief.link, report: { period, start, end, timezone, revision, generated_at, coverage, general, fleet, previous, summary } } };
    }
    case 'dingtalk':
      return { url: secret ? signedUrl(url, secret, now) : url, body: { msgtype: 'markdown', markdown: { title: brief.title, text: markdown(brief) } } };
    case 'feishu':
      return { url, body: { ...(secret && feishuSignature(secret, now)), msg_type: 'post', content: { post: { zh_cn: { title: brief.title, content: [...brief.lines.map((line) => [{ tag: 'text', text: line }]), ...(brief.link ? [[{ tag: 'a', text: brief.link, href: brief.link }]] : [])] } } } } };
    case 'wecom':
      // Plain text: its markdown cannot be escaped, and names are anybody's.
      return { url, body: { msgtype: 'text', text: { content: cut([brief.title, ...brief.lines, ...(brief.link ? [brief.link] : [])].join('\n'), 2048) } } };
    case 'slack':
      return { url, body: { text: `*${slackText(brief.title)}*\n${brief.lines.map((line) => `• ${slackText(line)}`).join('\n')}${brief.link ? `\n<${brief.link}>` : ''}` } };
  }
}

/** https://open.dingtalk.com: HMAC-SHA256 of "timestamp\nsecret" with the secret, in the query. */
function signedUrl(url: string, secret: string, now: number): string {
  const signed = new URL(url);
  signed.searchParams.set('timestamp', String(now));
  signed.searchParams.set('sign', createHmac('sha256', secret).update(`${now}\n${secret}`).digest('base64'));
  return signed.href;
}

/** https://open.feishu.cn: HMAC-SHA256 of nothing with "seconds\nsecret" as its key. */
function feishuSignature(secret: string, now: number): { timestamp: string; sign: string } {
  const timestamp = String(Math.floor(now / 1000));
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).digest('base64') };
}

const markdown = ({ title, lines, link }: Brief): string =>
  [`### ${markdownText(title)}`, ...lines.map((line) => `- ${markdownText(line)}`), ...(link ? [`[${link}](${link})`] : [])].join('\n\n');

/** Names must stay names: no links, images or headings out of them. Parentheses lead nowhere without a bracket before them. */
export const markdownText = (text: string): string => plain(text).replace(/[\\`*_[\]#<>~]/g, (character) => `\\${character}`);

/** Slack's own rule: these three and nothing else; what is left of its marks only changes the type. */
export const slackText = (text: string): string => plain(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** At most so many bytes of UTF-8, never half a character. */
function cut(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  let kept = '';
  let size = 3;
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > limit) break;
    kept += character;
  }
  return `${kept}…`;
}
