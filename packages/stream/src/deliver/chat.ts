import { createHmac } from 'node:crypto';
import { plain } from './plain.js';
import type { ChatTarget } from './settings.js';

/** What is told, as a few lines for a chat. */
export interface Brief {
  readonly title: string;
  readonly lines: readonly string[];
  /** Where more of it is read; null where the service does not know its own address. */
  readonly link: string | null;
}

export interface Message {
  readonly url: string;
  readonly body: unknown;
}

/**
 * What each service wants to be posted, and where: DingTalk signs in the address, Feishu in the body.
 * @param figures what a program is told, beside the title and the link
 */
export function chatMessage(target: ChatTarget, brief: Brief, figures: Readonly<Record<string, unknown>>, now: number): Message {
  const { url, secret } = target;
  switch (target.kind) {
    case 'webhook':
      return { url, body: { title: brief.title, link: brief.link, ...figures } };
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
