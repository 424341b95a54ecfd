import { describe, expect, it } from 'vitest';
import type { Alert } from '@vacancy/shared';
import { createFormat } from '../../format/format.js';
import { textOf, type Words } from './text.js';

const words: Words = { t: (key, params) => `${key} ${JSON.stringify(params)}`, tOr: (key, params) => `${key} ${JSON.stringify(params)}`, f: createFormat('en') };
const of = (kind: Alert['kind'], data?: Alert['data']) => textOf({ id: 'a', ts: 0, kind, message: 'The service’s own sentence', data }, words);

describe('what an alert says', () => {
  it.each<[Alert['kind'], Alert['data'], string]>([
    ['server_offline', { name: 'a' }, ''],
    ['gpu_missing', { cards: '0' }, 'alerts.cards {"n":1,"cards":"0"}'],
    ['gpu_missing', { cards: '0,3' }, 'alerts.cards {"n":2,"cards":"0, 3"}'],
    ['disk_nearly_full', { hdd_rate: 97.25 }, 'alerts.disk {"rate":"97.3%"}'],
    ['clock_skewed', {}, ''],
    ['clock_skewed', { clock_offset_ms: -95_000 }, 'alerts.clock {"offset":"1 min 35 sec"}'],
    ['spool_dropped', { dropped: 1234 }, 'alerts.dropped {"n":1234,"count":"1,234"}'],
    ['lagging', { of: 'database', lag_ms: 300_000 }, 'alerts.lag_of.database {"lag":"5 min"}'],
  ])('%s %j: %s', (kind, data, text) => expect(of(kind, data)).toBe(text));

  it('is the service’s own sentence where a kind is newer than the page', () => {
    expect(of('solar_flare' as Alert['kind'])).toBe('The service’s own sentence');
  });
});
