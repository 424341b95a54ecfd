import { describe, expect, it } from 'vitest';
import { GIB } from '@vacancy/shared';
import { LIKE_SERVER, toRequest } from './request.js';

describe('a query', () => {
  it('without parameters is the request behind like_server', () => {
    expect(toRequest({})).toEqual({ ok: true, value: LIKE_SERVER });
  });
  it('reads sizes as people write them and ids as a list', () => {
    const query = { gpus: 2, memory: '20G', limit: 5, order: 'steady' as const, model: ' A100 ', exclude: 'a, b,,', spread: true, cpu_free: 50, memory_free: '64GiB' };
    expect(toRequest(query)).toEqual({
      ok: true,
      value: { gpus: 2, memory: 20 * GIB, limit: 5, order: 'steady', model: 'A100', exclude: new Set(['a', 'b']), spread: true, cpu_free: 50, memory_free: 64 * GIB },
    });
  });
  it.each([['memory'], ['memory_free']])('with a %s that is no size is answered with a sentence', (field) => {
    expect(toRequest({ [field]: 'lots' })).toMatchObject({ ok: false, error: expect.stringContaining(`${field} must be a size`) });
  });
});
