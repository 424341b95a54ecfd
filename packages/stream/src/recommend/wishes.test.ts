import { describe, expect, it } from 'vitest';
import { GIB, HOUR, type WishRequest } from '@vacancy/shared';
import { NOW } from './fixture.js';
import { WISH_LIMITS, expire, makeWish, requestOf, toWish, type KeptWish } from './wishes.js';

const put = (over: Partial<WishRequest> = {}, wishes: KeptWish[] = [], limits = WISH_LIMITS, canMail = false) =>
  makeWish(wishes, { gpus: 2, memory: '20G', by: 'alice', ...over }, 'w1', NOW, { limits, canMail });
const wish = (over: Partial<WishRequest> = {}): KeptWish => {
  const made = put(over);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
};

describe('a wish', () => {
  it('asks for what it says and waits a day', () => {
    expect(requestOf(wish({ model: 'A100' }))).toMatchObject({ gpus: 2, memory: 20 * GIB, model: 'A100' });
    expect(wish()).toMatchObject({ until: NOW + 24 * HOUR, state: 'waiting' });
  });
  it('shows nobody the address it tells', () => {
    const shown = toWish(wish({ notify: 'https://hooks.example.org/secret' }));
    expect(shown.notify).toBe('webhook');
    expect(JSON.stringify(shown)).not.toContain('secret');
  });
  it.each([
    ['bad_memory', 400, put({ memory: 'much' })],
    ['bad_target', 400, put({ notify: 'http://127.0.0.1/' })],
    ['no_mail_server', 400, put({ notify: 'alice@example.org' })],
    ['name_missing', 400, put({ by: ' ' })],
    ['too_many_wishes', 429, put({}, [wish()], { ...WISH_LIMITS, per_name: 1 })],
    ['too_many_wishes', 429, put({ by: 'bob' }, [wish()], { ...WISH_LIMITS, wishes: 1 })],
  ])('is refused: %s %i', (code, status, result) => expect(result).toMatchObject({ ok: false, error: { code, status } }));
  it('by mail is taken where there is a mail server', () => {
    expect(put({ notify: 'alice@example.org' }, [], WISH_LIMITS, true)).toMatchObject({ ok: true, value: { target: { kind: 'mail', address: 'alice@example.org' } } });
  });
  it('is given up when its time is over and forgotten a day later', () => {
    const given = expire([wish()], NOW + 24 * HOUR);
    expect(given).toMatchObject([{ state: 'expired' }]);
    expect(expire(given, NOW + 47 * HOUR)).toBe(given);
    expect(expire(given, NOW + 48 * HOUR)).toEqual([]);
  });
});
