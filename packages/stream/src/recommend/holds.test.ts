import { describe, expect, it } from 'vitest';
import { MINUTE, type HoldRequest } from '@vacancy/shared';
import { NOW, card, row } from './fixture.js';
import { HOLD_LIMITS, holderOf, place, settle, type KeptHold } from './holds.js';

const server = row('a', [card(0), card(1), card(2, { users: ['alice'] })]);
const put = (over: Partial<HoldRequest> = {}, holds: KeptHold[] = [], made = server, limits = HOLD_LIMITS) =>
  place(holds, { server: 'a', gpus: [0], by: 'alice', ...over }, 'h1', made, NOW, limits);
const held = (over: Partial<HoldRequest> = {}): KeptHold => {
  const result = put(over);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};
const rows = (...made: ReturnType<typeof row>[]) => new Map(made.map((one) => [one.server, one]));

describe('a hold', () => {
  it('lasts ten minutes unless told otherwise, and between one and sixty', () => {
    expect(held().until).toBe(NOW + 10 * MINUTE);
    expect(held({ minutes: 25 }).until).toBe(NOW + 25 * MINUTE);
    expect(held({ minutes: 600 }).until).toBe(NOW + 60 * MINUTE);
    expect(held({ minutes: 0 }).until).toBe(NOW + MINUTE);
  });
  it('takes each card once, in order', () => expect(held({ gpus: [1, 0, 1] }).gpus).toEqual([0, 1]));
  it('knows whose card it is', () => {
    expect(holderOf([held()], 'a', 0)?.by).toBe('alice');
    expect(holderOf([held()], 'a', 1)).toBeUndefined();
    expect(holderOf([held()], 'b', 0)).toBeUndefined();
  });
});

describe('a hold is refused', () => {
  it.each([
    ['held', 409, put({ by: 'bob' }, [held()])],
    ['unknown_card', 404, put({ gpus: [7] })],
    ['unknown_server', 404, place([], { server: 'x', gpus: [0], by: 'alice' }, 'h1', undefined, NOW)],
    ['offline', 409, put({}, [], row('a', [card(0)], { online: false }))],
    ['name_missing', 400, put({ by: '   ' })],
    ['too_many_holds', 429, put({ gpus: [1], by: 'ALICE' }, [held()], server, { cards_per_name: 1, holds: 9 })],
    ['too_many_holds', 429, put({ gpus: [1], by: 'bob' }, [held()], server, { cards_per_name: 9, holds: 1 })],
  ])('%s: %i', (code, status, result) => expect(result).toMatchObject({ ok: false, error: { code, status } }));
});

describe('a hold ends', () => {
  it('when its time is up, and not before', () => {
    expect(settle([held()], rows(server), NOW + 10 * MINUTE - 1)).toHaveLength(1);
    expect(settle([held()], rows(server), NOW + 10 * MINUTE)).toEqual([]);
  });
  it("card by card, as the holder's processes appear", () => {
    const started = row('a', [card(0, { users: ['Alice'] }), card(1)]);
    expect(settle([held({ gpus: [0, 1] })], rows(started), NOW)).toMatchObject([{ gpus: [1] }]);
    expect(settle([held()], rows(started), NOW)).toEqual([]);
  });
  it("not by somebody else's process", () => {
    expect(settle([held()], rows(row('a', [card(0, { users: ['bob'] })])), NOW)).toHaveLength(1);
  });
  it('not by a process that the holder had there before', () => {
    expect(settle([held({ gpus: [2] })], rows(server), NOW)).toHaveLength(1);
  });
  it('not because its server is away', () => expect(settle([held()], rows(), NOW)).toHaveLength(1));
});

it('settling returns the same list when nothing changed', () => {
  const holds = [held()];
  expect(settle(holds, rows(server), NOW)).toBe(holds);
});
