import { describe, expect, it } from 'vitest';
import type { Wish } from '@vacancy/shared';
import { missedAlerts } from './missed.js';

const wish = (over: Partial<Wish>): Wish => ({
  id: 'w1', gpus: 1, memory: 1, model: null, by: 'ann', notify: 'page', created: 0, until: 9000, state: 'granted', delivery: 'sent',
  granted: { ts: 5000, server: 'gpu01', name: 'one', cuda_visible_devices: '0' }, ...over,
});

describe('what a page has missed', () => {
  it('is what came true for the page, under the id of the live alert', () => {
    expect(missedAlerts([wish({})], 4000)).toMatchObject([{ id: 'wish:w1', kind: 'wish_granted', server: 'gpu01', data: { by: 'ann', name: 'one', cuda_visible_devices: '0' } }]);
  });
  it.each<[string, Wish]>([
    ['waits still', wish({ state: 'waiting', granted: null })],
    ['was told elsewhere', wish({ notify: 'mail' })],
    ['is old', wish({ granted: { ts: 3999, server: 'gpu01', name: 'one', cuda_visible_devices: '0' } })],
  ])('is not what %s', (_what, one) => expect(missedAlerts([one], 4000)).toEqual([]));
});
