import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GIB, type FleetRow } from '@vacancy/shared';
import { DEFAULT_REQUEST, parseRequest, relevance, requestQuery, toApiQuery, type FindRequest } from './request.js';

const requests: fc.Arbitrary<FindRequest> = fc.record({
  gpus: fc.integer({ min: 1, max: 64 }), memory_gib: fc.integer({ min: 0, max: 65_536 }), model: fc.string({ maxLength: 128 }), location: fc.string({ maxLength: 128 }),
  cpu_free: fc.integer({ min: 0, max: 100 }), ram_gib: fc.integer({ min: 0, max: 65_536 }), order: fc.constantFrom('plain', 'steady'), spread: fc.boolean(),
});

describe('a request for cards', () => {
  it('survives its way through the address', () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(parseRequest(requestQuery(request))).toEqual(request);
      }),
    );
  });

  it('is the default wherever the address makes no sense', () => {
    expect(parseRequest({ gpus: '-3', memory_gib: '1e9', cpu_free: ['1'], order: 'DROP' })).toEqual(DEFAULT_REQUEST);
    expect(requestQuery(DEFAULT_REQUEST)).toEqual(Object.fromEntries(Object.keys(DEFAULT_REQUEST).map((key) => [key, undefined])));
  });

  it('leaves out what was not asked for', () => {
    expect(toApiQuery(DEFAULT_REQUEST, '', 3)).toEqual({ gpus: 1, memory: '8GiB', order: 'plain', limit: 3 });
    expect(toApiQuery({ ...DEFAULT_REQUEST, spread: true }, '', 3)).not.toHaveProperty('spread');
    expect(toApiQuery({ ...DEFAULT_REQUEST, gpus: 2, spread: true }, '', 3)).toMatchObject({ gpus: 2, spread: true });
    expect(toApiQuery({ ...DEFAULT_REQUEST, ram_gib: 64, model: 'A100' }, 'ann', 3)).toMatchObject({ memory_free: '64GiB', model: 'A100', by: 'ann' });
  });
});

describe('what an answer depends on', () => {
  const row = (free: number, more: Partial<FleetRow> = {}): FleetRow => ({ server: 'a', online: true, like_index: 'free', cpu: 3, gpus: [{ memory_free: free, users: [], held: null }], ...more }) as unknown as FleetRow;

  it('is a card that is freed, taken, held or silent', () => {
    const before = relevance([row(20 * GIB)]);
    expect(relevance([row(22 * GIB)])).not.toBe(before);
    expect(relevance([row(20 * GIB, { online: false })])).not.toBe(before);
    expect(relevance([row(20 * GIB, { gpus: [{ memory_free: 20 * GIB, users: [], held: { id: 'h' } }] } as never)])).not.toBe(before);
  });

  it('is not the CPU of the moment, or a megabyte', () => {
    expect(relevance([row(20 * GIB + 1_000_000, { cpu: 50 })])).toBe(relevance([row(20 * GIB)]));
  });
});
