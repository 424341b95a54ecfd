import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeliveriesError, parseDeliveries, readDeliveries } from './settings.js';

describe('the file of deliveries', () => {
  const parse = (...deliveries: object[]) => parseDeliveries(JSON.stringify({ deliveries }));
  it('is read with its defaults', () => {
    expect(parse({ name: 'lab', kind: 'slack', url: 'https://hooks.slack.com/x' })).toMatchObject({ ok: true, value: [{ name: 'lab', periods: ['day', 'week', 'month', 'year'], lang: 'zh', revisions: false, alerts: false }] });
    expect(parse({ name: 'm', kind: 'mail', from: 'a@b.c', to: ['d@e.f', 'The lab <g@h.i>'], smtp: { host: 'smtp.b.c' } })).toMatchObject({ ok: true, value: [{ to: ['d@e.f', 'The lab <g@h.i>'], smtp: { port: 587, secure: false } }] });
  });

  it('is refused with everything that is wrong with it, and without a secret', () => {
    const refused = parse({ name: 'a', kind: 'pigeon', url: 'http://10.0.0.1/SECRET' }, { name: 'a', kind: 'mail', from: 'x <https://e.f/>', to: [], smtp: { password: 'SECRET' } }, { name: 'b c', kind: 'slack', url: 'SECRET', periods: ['decade'], lang: 'fr' });
    expect(refused.ok ? [] : refused.error).toEqual([
      'delivery 1: kind must be one of mail, webhook, dingtalk, feishu, wecom, slack', 'delivery 1: url: the webhook lies in a private network',
      'delivery 2: to must be an e-mail address or a list of them', 'delivery 2: from must be an e-mail address', 'delivery 2: smtp.host is missing',
      'delivery 3: name may hold letters, digits, dot, dash and underscore, at most 64', 'delivery 3: periods may hold day, week, month and year', 'delivery 3: lang must be zh or en',
      'delivery 3: url: notify must be "page", an http(s) address or an e-mail address', 'two deliveries are named a',
    ]);
    expect(JSON.stringify(refused)).not.toContain('SECRET');
    expect(parseDeliveries('{')).toEqual({ ok: false, error: ['it is not JSON'] });
  });

  it('that cannot be read or used ends the start with a sentence', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-deliveries-'));
    const file = path.join(folder, 'deliveries.json');
    await expect(readDeliveries(file)).rejects.toThrow(new DeliveriesError('VACANCY_DELIVERIES_FILE could not be read: ENOENT.'));
    await writeFile(file, '{ "deliveries": [ { "name": "a", "kind": "slack" } ] }');
    await expect(readDeliveries(file)).rejects.toThrow(new DeliveriesError('VACANCY_DELIVERIES_FILE cannot be used:\n  - delivery 1: url is missing'));
    await rm(folder, { recursive: true });
  });
});
