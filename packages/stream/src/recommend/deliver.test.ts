import { describe, expect, it } from 'vitest';
import { HOUR, ManualClock, type Alert, type Wish } from '@vacancy/shared';
import { mailServer } from '../deliver/mail.fixture.js';
import type { MailServer } from '../deliver/mail.js';
import { createDeliver, type DeliverOptions } from './deliver.js';
import { NOW } from './fixture.js';

const wish: Wish = {
  id: 'w1', gpus: 2, memory: 1, model: null, by: 'alice', notify: 'mail', created: NOW, until: NOW + HOUR, state: 'granted', delivery: 'pending',
  granted: { ts: NOW, server: 'gpu01', name: '实验室一号', cuda_visible_devices: '0,3' },
};
const to = { kind: 'mail', address: 'alice@example.org' } as const;
const at = (port: number): MailServer => ({ from: 'vacancy@example.com', smtp: { host: '127.0.0.1', port, secure: false } });
const deliver = (over: Partial<DeliverOptions>, clock = new ManualClock(NOW)) => createDeliver({ alert: () => {}, allowPrivate: true, mail: null, public_url: null, ...over }, clock);

/** Quoted-printable back to text. */
const readable = (body: string): string =>
  Buffer.from(body.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), 'latin1').toString();

describe('a wish that came true', () => {
  it('is said on the page', async () => {
    const said: Alert[] = [];
    await deliver({ alert: (alert) => void said.push(alert) })({ kind: 'page' }, wish);
    expect(said).toMatchObject([{ id: 'wish:w1', kind: 'wish_granted', server: 'gpu01', data: { by: 'alice', cuda_visible_devices: '0,3' } }]);
  });

  it('is mailed to who named an address, in both languages, with the lines to copy', async () => {
    await using there = await mailServer();
    await deliver({ mail: at(there.port), public_url: 'http://hub/' })(to, wish);
    expect(there.commands.filter((line) => /^(?:MAIL|RCPT)/.test(line))).toEqual(['MAIL FROM:<vacancy@example.com>', 'RCPT TO:<alice@example.org>']);
    const [head, ...body] = there.mails[0]!.split('\r\n\r\n');
    expect(head).toContain('Message-ID: <wish-w1@vacancy.invalid>');
    const text = readable(body.join('\r\n\r\n'));
    expect(text).toContain('alice，你等的卡空出来了：实验室一号 (gpu01) 的 0,3 号卡。');
    expect(text).toContain('alice, what you waited for has come: on 实验室一号 (gpu01) cards 0,3 are free.');
    expect(text).toContain('export CUDA_VISIBLE_DEVICES=0,3');
    expect(text).toContain('http://hub/find');
  });

  it.each([
    ['may be mailed later when the server says so', '450 4.2.0 later', true],
    ['is not tried again when the server knows no such address', '550 5.1.1 nobody', false],
  ])('%s', async (_what, answer, retryable) => {
    await using there = await mailServer(answer);
    await expect(deliver({ mail: at(there.port) })(to, wish)).rejects.toMatchObject({ retryable });
  });
  it('may be mailed later when the server is away', async () => {
    await expect(deliver({ mail: at(1) })(to, wish)).rejects.toMatchObject({ retryable: true });
  });
  it('is not mailed where no server is configured', async () => {
    await expect(deliver({})(to, wish)).rejects.toThrow('no mail server is configured');
  });

  it('is mailed sixty times an hour and no more', async () => {
    await using there = await mailServer();
    const clock = new ManualClock(NOW);
    const tell = deliver({ mail: at(there.port) }, clock);
    for (let n = 0; n < 60; n++) await tell(to, wish);
    await expect(tell(to, wish)).rejects.toThrow('within the hour');
    clock.advance(HOUR);
    await tell(to, wish);
    expect(there.mails).toHaveLength(61);
  });
});
