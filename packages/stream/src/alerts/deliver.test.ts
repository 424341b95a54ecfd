import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MINUTE, ManualClock, SECOND, type Alert } from '@vacancy/shared';
import { mailServer } from '../deliver/mail.fixture.js';
import type { ChatTarget, MailTarget } from '../deliver/settings.js';
import { silentLog } from '../log.js';
import { briefOf, createAlertDelivery } from './deliver.js';

const NOW = 1_762_000_000_000;
const silent = (n: number): Alert => ({ id: `server_offline:s${n}:1`, ts: NOW, kind: 'server_offline', server: `s${n}`, message: '', data: { name: `一号-${n}`, since: NOW } });
const wish: Alert = { id: 'wish:1', ts: NOW, kind: 'wish_granted', message: '', data: { by: 'alice' } };
const common = { name: 'lab', periods: [], lang: 'zh', revisions: false, alerts: true } as const;

async function hook(answers: number[] = []) {
  const got: { title: string; alerts?: Alert[]; link: string | null }[] = [];
  const http = createServer(async (request, response) => {
    got.push(JSON.parse(Buffer.concat(await request.toArray()).toString()) as { title: string; link: string | null });
    response.writeHead(answers.shift() ?? 200).end();
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const target: ChatTarget = { ...common, kind: 'webhook', url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/` };
  return { got, target, [Symbol.asyncDispose]: async () => void http.close() };
}

function delivery(targets: readonly (ChatTarget | MailTarget)[]) {
  const clock = new ManualClock(NOW);
  const made = createAlertDelivery({ targets, allowPrivate: true, public_url: 'http://hub/', log: silentLog }, clock);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await made.idle();
  };
  return { made, pass, clock };
}

describe('alerts that are delivered', () => {
  it('are one message for all that come within ten seconds, to those that want them', async () => {
    await using there = await hook();
    await using other = await hook();
    const { made, pass } = delivery([there.target, { ...other.target, alerts: false }]);
    for (const alert of [silent(1), wish, silent(2)]) made.deliver(alert);
    await pass(9 * SECOND);
    expect(there.got).toEqual([]);
    await pass(SECOND);
    expect(there.got).toMatchObject([{ title: 'Vacancy 告警（2 条）', kind: 'alerts', link: 'http://hub/alerts', alerts: [{ server: 's1' }, { server: 's2' }] }]);
    made.deliver(silent(3));
    await pass(10 * SECOND);
    expect(there.got).toHaveLength(2);
    expect(other.got).toEqual([]);
    await made[Symbol.asyncDispose]();
  });

  it('are tried again when they could not be told, and not for ever', async () => {
    await using there = await hook([500, 500, 500, 500, 200]);
    const { made, pass } = delivery([there.target]);
    made.deliver(silent(1));
    const tries: number[] = [];
    for (const wait of [10 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE]) {
      await pass(wait);
      tries.push(there.got.length);
    }
    expect(tries).toEqual([1, 2, 3, 4, 4]);
    await made[Symbol.asyncDispose]();
  });

  it('keep no service from stopping: who does not answer is waited for a second', async () => {
    const silent_http = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent_http, 'listening');
    const { made, clock } = delivery([{ ...common, kind: 'webhook', url: `http://127.0.0.1:${(silent_http.address() as AddressInfo).port}/` }]);
    made.deliver(silent(1));
    clock.advance(10 * SECOND);
    const ended = made[Symbol.asyncDispose]();
    clock.advance(SECOND);
    await ended;
    silent_http.closeAllConnections();
    silent_http.close();
  });

  it('are mailed', async () => {
    await using there = await mailServer();
    const { made, pass } = delivery([{ ...common, kind: 'mail', lang: 'en', from: 'vacancy@example.com', to: ['lab@example.com'], smtp: { host: '127.0.0.1', port: there.port, secure: false } }]);
    made.deliver({ ...silent(1), data: { name: 'gpu01', since: NOW } });
    await pass(10 * SECOND);
    expect(there.mails[0]).toContain('Subject: Vacancy: an alert');
    expect(there.mails[0]).toContain('gpu01 fell silent');
    await made[Symbol.asyncDispose]();
  });
});

it('a message names twenty alerts and counts the others', () => {
  const { lines, title } = briefOf(Array.from({ length: 23 }, (_, n) => silent(n)), 'en', null);
  expect([title, lines.length, lines[0], lines.at(-1)]).toEqual(['Vacancy: 23 alerts', 21, '一号-0 fell silent', 'and 3 more']);
});
