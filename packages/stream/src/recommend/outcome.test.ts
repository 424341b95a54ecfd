import { describe, expect, it } from 'vitest';
import { GIB, MINUTE } from '@vacancy/shared';
import { NOW, card, row } from './fixture.js';
import { judge, type Outcome, type Pending } from './outcome.js';
import { LIKE_SERVER, promisedBytes } from './request.js';

const DUE = NOW + 10 * MINUTE;
const pending: Pending = {
  id: 'r1', asked_ts: NOW, asked_by: 'alice', ordering: 'plain', server: 'a', steadiness: null,
  cards: [{ id: 0, promised: 8 * GIB, users: [] }, { id: 1, promised: 8 * GIB, users: ['carol'] }],
};
const at = (first: Parameters<typeof card>[1], second: Parameters<typeof card>[1] = {}, over = {}) => row('a', [card(0, first), card(1, second)], { last_ts: DUE, ...over });

describe('ten minutes later', () => {
  it.each<[Outcome | null, string, ReturnType<typeof row> | undefined]>([
    ['still_free', 'both cards have what was promised', at({})],
    ['still_free', 'another user came and left enough', at({ users: ['bob'], memory_free: 8 * GIB })],
    ['taken_by_other', 'one card has less', at({}, { memory_free: 7 * GIB })],
    ['taken_by_asker', 'the asker is on one of them', at({ users: ['Alice'], memory_free: 0 })],
    ['taken_by_asker', 'the asker left enough', at({ users: ['alice'] })],
    [null, 'the server is offline', at({}, {}, { online: false })],
    [null, 'its readings are old', at({}, {}, { last_ts: DUE - MINUTE })],
    [null, 'a card is missing', row('a', [card(0)], { last_ts: DUE })],
    [null, 'the server is not known any more', undefined],
  ])('%s: %s', (outcome, _why, made) => expect(judge(pending, made, DUE, NOW)).toBe(outcome));

  it('a user who was on the card before did not take it', () => {
    expect(judge({ ...pending, asked_by: 'carol' }, at({}, { users: ['carol'], memory_free: 0 }), DUE, NOW)).toBe('taken_by_other');
  });
  it('an asker without a name takes nothing', () => {
    expect(judge({ ...pending, asked_by: '' }, at({ users: [''], memory_free: 0 }), DUE, NOW)).toBe('taken_by_other');
  });
  it('and a minute, what is still away is gone, if it was watched for', () => {
    expect(judge(pending, undefined, DUE + MINUTE, NOW)).toBeNull();
    expect(judge(pending, undefined, DUE + MINUTE + 1, NOW)).toBe('gone');
    expect(judge(pending, undefined, DUE + MINUTE + 1, DUE + 1)).toBe('unknown');
  });
  it('and a minute, what comes too late to be judged is unknown', () => {
    const later = (ms: number) => judge(pending, at({}, {}, { last_ts: DUE + ms }), DUE + ms, NOW);
    expect(later(MINUTE)).toBe('still_free');
    expect(later(MINUTE + 1)).toBe('unknown');
  });
});

it('who named no size was promised nearly all that was shown', () => {
  expect(promisedBytes({ ...LIKE_SERVER, memory: GIB }, 10 * GIB)).toBe(GIB);
  expect(promisedBytes(LIKE_SERVER, 10 * GIB)).toBe(9 * GIB);
});
