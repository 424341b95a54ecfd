import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE, SECOND } from '@vacancy/shared';
import { mailServer } from '../../deliver/mail.fixture.js';
import { chatMessage, markdownText, slackText } from '../../deliver/chat.js';
import type { ChatKind, ChatTarget, MailTarget } from '../../deliver/settings.js';
import { START, report, server } from '../fixture.js';
import { MOST_ATTEMPTS, nextAttempt, wants } from './deliveries.js';
import { briefOf, figuresOf } from './brief.js';
import { send } from './send.js';

const chat = (kind: ChatKind, given: Partial<ChatTarget> = {}): ChatTarget => ({ kind, name: 'lab', periods: ['day', 'week'], lang: 'zh', revisions: false, alerts: false, url: 'https://example.com/hook?access_token=t', ...given });
const weekly = report({ summary: [{ code: 'x', params: {}, en: 'A [link](http://x) <@U1>', zh: '一句话 [link](http://x) <@U1>' }] });
const brief = briefOf(weekly, 'zh', 'http://hub/reports/week/2026-11-16');

describe('what a chat service is sent', () => {
  it('DingTalk: signed in the address, names escaped in its markdown', () => {
    const { url, body } = chatMessage(chat('dingtalk', { secret: 's3' }), brief, figuresOf(weekly), START);
    const sign = createHmac('sha256', 's3').update(`${START}\ns3`).digest('base64');
    expect(Object.fromEntries(new URL(url).searchParams)).toEqual({ access_token: 't', timestamp: String(START), sign });
    expect(body).toMatchObject({ msgtype: 'markdown', markdown: { title: '周报表 2026-11-16 – 2026-11-22' } });
    expect((body as { markdown: { text: string } }).markdown.text).toContain('\\[link\\](http://x) \\<@U1\\>');
  });

  it('Feishu: signed in the body, texts as texts', () => {
    const { body } = chatMessage(chat('feishu', { secret: 's3' }), brief, figuresOf(weekly), START);
    const timestamp = String(START / 1000);
    expect(body).toMatchObject({ timestamp, sign: createHmac('sha256', `${timestamp}\ns3`).digest('base64'), msg_type: 'post' });
    expect(JSON.stringify(body)).toContain('{"tag":"text","text":"一句话 [link](http://x) <@U1>"}');
  });

  it('WeCom: plain text within its limit, no character cut in half', () => {
    const long = briefOf(report({ summary: [{ code: 'x', params: {}, en: '', zh: '长'.repeat(2000) }] }), 'zh', null);
    const { body } = chatMessage(chat('wecom'), long, figuresOf(weekly), START) as { body: { text: { content: string } } };
    expect(Buffer.byteLength(body.text.content)).toBeLessThanOrEqual(2048);
    expect(body.text.content).toMatch(/长…$/);
  });

  it('Slack: its three characters escaped, so that nobody is mentioned', () => {
    const { body } = chatMessage(chat('slack', { lang: 'en' }), briefOf(weekly, 'en', null), figuresOf(weekly), START) as { body: { text: string } };
    expect(body.text).toContain('&lt;@U1&gt;');
    expect(body.text).not.toContain('<@');
  });

  it('a webhook: the figures themselves', () => {
    const { body } = chatMessage(chat('webhook'), brief, figuresOf(weekly), START);
    expect(body).toMatchObject({ kind: 'report', link: 'http://hub/reports/week/2026-11-16', report: { period: 'week', start: '2026-11-16', revision: 1, fleet: { cpu_mean: 40 } } });
  });

  it('escapes what would be markup', () => {
    expect(markdownText('a_b*c`#!|~\n(x)')).toBe('a\\_b\\*c\\`\\#!|\\~ (x)');
    expect(slackText('<!channel> & co')).toBe('&lt;!channel&gt; &amp; co');
  });
});

describe('sending', () => {
  async function listener(answer: { status?: number; body?: string }) {
    const got: unknown[] = [];
    const signed: { given: unknown; right: string }[] = [];
    const http = createServer(async (request, response) => {
      const sent = Buffer.concat(await request.toArray());
      got.push(JSON.parse(sent.toString()));
      signed.push({ given: request.headers['x-vacancy-signature'], right: `sha256=${createHmac('sha256', 's3').update(sent).digest('hex')}` });
      response.writeHead(answer.status ?? 200).end(answer.body ?? '{"errcode":0}');
    }).listen(0, '127.0.0.1');
    await once(http, 'listening');
    return { got, signed, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook?key=SECRET`, [Symbol.asyncDispose]: async () => void http.close() };
  }
  const options = { allowPrivate: true, public_url: 'http://hub', timeout_ms: 2000 };

  it.each(['webhook', 'dingtalk', 'feishu', 'wecom', 'slack'] as const)('to %s posts its message', async (kind) => {
    await using there = await listener({});
    await send(weekly, chat(kind, { url: there.url }), options, START);
    expect(there.got).toHaveLength(1);
    expect(JSON.stringify(there.got)).toContain('2026-11-16');
  });

  it('to a webhook with a secret signs the body, to nobody else', async () => {
    await using there = await listener({});
    for (const kind of ['webhook', 'slack'] as const) await send(weekly, chat(kind, { url: there.url, secret: 's3' }), options, START);
    expect(there.signed[0]!.given).toBe(there.signed[0]!.right);
    expect(there.signed[1]!.given).toBeUndefined();
  });

  it.each([
    [{ status: 500 }, 'the webhook answered 500'],
    [{ status: 302 }, 'the webhook answered 302'],
    [{ body: '{"errcode":310000,"errmsg":"keywords not in content SECRET"}' }, 'the service refused the message (code 310000)'],
    [{ body: '{"code":19021,"msg":"sign match fail"}' }, 'the service refused the message (code 19021)'],
  ])('fails on %j, without a secret in the reason', async (answer, message) => {
    await using there = await listener(answer);
    await expect(send(weekly, chat('dingtalk', { url: there.url }), options, START)).rejects.toThrow(message);
  });

  it('does not call into private networks unless that is allowed', async () => {
    await using there = await listener({});
    await expect(send(weekly, chat('webhook', { url: there.url }), { ...options, allowPrivate: false }, START)).rejects.toThrow('private network');
    const rebound = chat('webhook', { url: 'http://rebind.example/' });
    await expect(send(weekly, rebound, { ...options, allowPrivate: false, resolve: async () => [{ address: '10.0.0.1', family: 4 }] }, START)).rejects.toThrow('private network');
    expect(there.got).toEqual([]);
  });

  it('by mail: the words in the body, the page and the tables attached', async () => {
    await using there = await mailServer();
    const target: MailTarget = { kind: 'mail', name: 'lab', periods: ['week'], lang: 'zh', revisions: false, alerts: false, from: 'vacancy@example.com', to: ['a@example.com', 'b@example.com'], smtp: { host: '127.0.0.1', port: there.port, secure: false } };
    await send(report({ servers: [server('gpu01', { name: '一号' })] }), target, options, START);
    expect(there.commands.filter((line) => /^(?:MAIL|RCPT)/.test(line))).toEqual(['MAIL FROM:<vacancy@example.com>', 'RCPT TO:<a@example.com>', 'RCPT TO:<b@example.com>']);
    const mail = there.mails[0]!;
    expect(mail).toContain('Message-ID: <report-week-2026-11-16-1@vacancy.invalid>');
    expect(mail).toMatch(/filename=vacancy-week-2026-11-16\.html/);
    expect(mail).toMatch(/filename=vacancy-week-2026-11-16\.csv/);
    const subject = /Subject: (.*(?:\r\n .*)*)/.exec(mail)![1]!;
    const decoded = subject.replaceAll(/\s*=\?UTF-8\?B\?([^?]*)\?=/g, (_, text: string) => Buffer.from(text, 'base64').toString());
    expect(decoded).toContain('周报表 2026-11-16');
  });

  it('by mail fails with a code and never with a password', async () => {
    await using there = await mailServer();
    const target: MailTarget = { kind: 'mail', name: 'lab', periods: ['week'], lang: 'zh', revisions: false, alerts: false, from: 'vacancy@example.com', to: ['a@example.com'], smtp: { host: '127.0.0.1', port: there.port, secure: false, user: 'u', password: 'S3CRET' } };
    // The server offers no TLS: the password stays here.
    await expect(send(weekly, target, options, START)).rejects.toThrow(/^the mail server refused or did not answer \(E\w+/);
    expect(there.commands.join()).not.toMatch(/AUTH|S3CRET/);
  });
});

describe('the next attempt', () => {
  const row = (attempt: number, state: 'begun' | 'sent' | 'failed', ts: number) => ({ attempt, state, ts });
  it.each([
    ['is the first one, now', [], { attempt: 1, at: START }],
    ['waits half a minute after the first failure', [row(1, 'begun', START - SECOND), row(1, 'failed', START)], { attempt: 2, at: START + 30 * SECOND }],
    ['waits longer after the next', [row(2, 'begun', START - SECOND), row(1, 'failed', START - HOUR), row(2, 'failed', START)], { attempt: 3, at: START + 2 * MINUTE }],
    ['takes over from a process that went away', [row(1, 'begun', START)], { attempt: 2, at: START + 15 * MINUTE }],
    ['does not come after it was sent', [row(1, 'begun', START), row(1, 'sent', START)], null],
    ['does not come when it was tried often enough', [row(MOST_ATTEMPTS, 'failed', START)], null],
  ])('%s', (_what, rows, next) => {
    expect(nextAttempt(rows, START)).toEqual(next);
  });
});

describe('who is told', () => {
  const target = chat('webhook');
  it.each([
    ['of a period that has just ended', report(), true],
    ['not of an open one', report({ open: true }), false],
    ['not of a kind nobody asked for', report({ period: 'month' }), false],
    ['not of a revision, unless that is wanted', report({ revision: 2 }), false],
    ['not of history that is made at start', report({ generated_at: START + 30 * 24 * HOUR }), false],
  ])('%s', (_what, given, told) => {
    expect(wants(target, given)).toBe(told);
  });
  it('of revisions where they are wanted', () => {
    expect(wants({ ...target, revisions: true }, report({ revision: 2 }))).toBe(true);
  });
});
