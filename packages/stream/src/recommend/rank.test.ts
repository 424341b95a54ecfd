import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { GIB, type LiveGpu, type LiveRow } from '@vacancy/shared';
import { NOW, card, row } from './fixture.js';
import { likeServer, recommend, type RankContext } from './rank.js';
import { LIKE_SERVER, type CardRequest } from './request.js';

const ask = (rows: LiveRow[], over: Partial<CardRequest> = {}, context?: RankContext) => recommend(rows, { ...LIKE_SERVER, ...over }, NOW, context);
const winners = (rows: LiveRow[], over: Partial<CardRequest> = {}, context?: RankContext) => ask(rows, over, context).servers.map((one) => one.server);
const free = (gib: number, over = {}) => card(0, { memory_total: 48 * GIB, memory_free: gib * GIB, ...over });
const hold = { id: 'h1', by: 'bob', until: NOW + 60_000 };

describe('the order', () => {
  it('leads with the free memory of the best card', () => {
    expect(winners([row('a', [free(10)]), row('b', [card(0, { memory_free: 0 }), card(1, { memory_total: 48 * GIB, memory_free: 20 * GIB })]), row('c', [free(15)])])).toEqual(['b', 'c', 'a']);
  });
  it('breaks ties by utilisation, then CPU, then id, and what is not known loses', () => {
    const rows = [
      row('e', [free(10, { utilization_median: null })]),
      row('d', [free(10, { utilization_median: 5 })]),
      row('c', [free(10)], { cpu_median: null }),
      row('b', [free(10)], { cpu_median: 5 }),
      row('a', [free(10)], { cpu_median: 5 }),
      row('f', [free(10)], { cpu_median: 4 }),
    ];
    expect(winners(rows, { limit: 9 })).toEqual(['f', 'a', 'b', 'c', 'd', 'e']);
  });
  it('ranks servers asked for without cards by CPU, then main memory', () => {
    const rows = [row('a', [], { cpu_median: 20 }), row('b', [], { cpu_median: 5, memory_used: 64 * GIB }), row('c', [free(1)], { cpu_median: 5, memory_used: GIB })];
    expect(winners(rows, { gpus: 0 })).toEqual(['c', 'b', 'a']);
  });
  it('puts the steadier card first when asked to, and free memory first when not', () => {
    const of = (gib: number) => ({ memory_total: gib * GIB });
    const rows = [row('a', [card(0, of(10)), card(1, of(40))]), row('b', [card(0, of(30))])];
    const context: RankContext = { held: () => null, steadiness: (server, one) => (server === 'a' && one.id === 0 ? 0.9 : 0.3) };
    expect(winners(rows, {}, context)).toEqual(['a', 'b']);
    expect(ask(rows, {}, context).servers[0]).toMatchObject({ steadiness: 0.3, cuda_visible_devices: '1' });
    expect(ask(rows, { order: 'steady' }, context).servers[0]).toMatchObject({ server: 'a', steadiness: 0.9, cuda_visible_devices: '0' });
    expect(ask(rows, { order: 'steady', gpus: 2 }, context).servers[0]).toMatchObject({ steadiness: 0.3 });
  });
  it.each<[string, Partial<LiveGpu>]>([
    ['holds a good part of it', { memory_free: 40 * GIB }],
    ['has only just started', { memory_free: 47.7 * GIB, users: ['alice'] }],
    ['computes without a name', { memory_free: 48 * GIB, utilization: 30 }],
  ])('never takes a card for a steady one while there are empty ones, when somebody %s', (_what, over) => {
    const rows = [row('a', [free(48, over)]), row('b', [card(0)])];
    const context: RankContext = { held: () => null, steadiness: (server) => (server === 'a' ? 0.99 : 0.1) };
    expect(winners(rows, { order: 'steady' }, context)).toEqual(['b', 'a']);
  });
});

describe('cards that may lie on any number of servers', () => {
  const rows = [row('a', [free(40)]), row('b', [card(0), card(1), card(2, { memory_free: GIB })]), row('c', [card(0, { held: hold }), card(1)])];
  const spread = (gpus: number) => ask(rows, { gpus, memory: 8 * GIB, spread: true, limit: 1 });
  it('are answered with the fewest servers, whatever the limit', () => {
    const answer = spread(3);
    expect(answer.servers.map((one) => [one.server, one.cuda_visible_devices])).toEqual([['b', '0,1'], ['a', '0']]);
    expect(answer.rejected).toMatchObject([{ server: 'c', code: 'outranked' }]);
  });
  it('lie on one where that has them', () => expect(spread(2).servers.map((one) => one.server)).toEqual(['b']));
  it('are not answered by halves: every server says what it has, and what all have together', () => {
    const answer = spread(5);
    expect(answer.servers).toEqual([]);
    expect(answer.rejected.map((one) => [one.server, one.reason])).toContainEqual(['b', 'has 2 such cards, all servers together have 4 of 5']);
    expect(answer.rejected).toHaveLength(3);
  });
});

describe('an answer', () => {
  const why = (over: Partial<LiveGpu>, fields = {}) => ask([row('a', [free(40, over)], fields)]).servers[0]!.reasons;
  it.each<[string, Partial<LiveGpu>, string]>([
    ['a notebook that holds next to nothing', { users: ['alice'], memory_free: 47.7 * GIB }, 'card 0 is also used by alice'],
    ['a process whose owner is not known', { processes: [{ pid: 7 }], memory_free: 47.7 * GIB }, '0.3 GiB of card 0 held by processes of an unknown owner'],
    ['a card that begins to compute', { utilization: 40, memory_free: 48 * GIB }, 'card 0 computes (40 %) though next to nothing is held: somebody may be starting'],
    ['nobody', { utilization: 9, memory_free: 48 * GIB }, 'card 0 is unoccupied'],
    ['a partitioned card, which tells no utilisation', { utilization: null, memory_free: 48 * GIB }, 'card 0 is unoccupied'],
  ])('tells of %s', (_what, over, text) => expect(why(over).map((one) => one.text)).toContain(text));
  it('tells of a server that comes and goes', () => {
    const seen = (coverage: number) => {
      const made = row('a', [free(40)]);
      return why({}, { windows: { ...made.windows, '5m': { ...made.windows['5m'], coverage } } }).map((one) => one.code);
    };
    expect(seen(0.4)).toContain('patchy');
    expect(seen(0.5)).not.toContain('patchy');
  });
  it('names the cards best first and the devices in their order', () => {
    const cards = [card(0, { memory_free: 9 * GIB }), card(1, { memory_free: 2 * GIB }), card(3, { memory_free: 11 * GIB })];
    const [first] = ask([row('a', cards)], { gpus: 2, memory: 8 * GIB }).servers;
    expect(first?.gpus.map((one) => one.id)).toEqual([3, 0]);
    expect(first?.cuda_visible_devices).toBe('0,3');
  });
  it('says how fresh it is and who is on the card', () => {
    const cards = [free(30, { users: ['carol', 'alice'] })];
    const reasons = ask([row('a', cards, { last_ts: NOW - 1500 })]).servers[0]!.reasons;
    expect(reasons).toContainEqual({ code: 'shared', params: { gpu: 0, users: 'alice, carol' }, text: 'card 0 is also used by alice, carol' });
    expect(reasons).toContainEqual({ code: 'fresh', params: { age_ms: 1500 }, text: 'read 1.5 s ago' });
  });
  it('believes an agent that knows its clock is behind', () => {
    expect(winners([row('a', [free(10)], { last_ts: NOW - 31_000, health: { clock_offset_ms: 30_000 } })])).toEqual(['a']);
  });
  it('is what the home page shows when asked with defaults', () => {
    const rows = ['a', 'b', 'c', 'd'].map((id, at) => row(id, [free(at + 1)]));
    expect(likeServer(rows, NOW).map((one) => one.server)).toEqual(['d', 'c', 'b']);
  });
});

describe('every other server is told why not', () => {
  const table: [code: string, made: LiveRow, over: Partial<CardRequest>, reason: string][] = [
    ['excluded', row('a', [free(9)]), { exclude: new Set(['a']) }, 'excluded by the request'],
    ['offline', row('a', [free(9)], { online: false, offline_since: NOW - 9000 }), {}, 'offline'],
    ['clock_skewed', row('a', [free(9)], { clock_skewed: true }), {}, 'its clock is more than a minute ahead, its readings cannot be placed in time'],
    ['stale', row('a', [free(9)], { last_ts: NOW - 3_600_000 }), {}, 'its newest reading is 60 min old'],
    ['location', row('a', [free(9)], { location: 'B-204' }), { location: 'c-1' }, 'not at c-1'],
    ['cpu_busy', row('a', [free(9)], { cpu_median: 80 }), { cpu_free: 50 }, 'CPU busy: median 80 % over 5 minutes, 50 % headroom wanted'],
    ['cpu_busy', row('a', [free(9)], { cpu_median: null }), { cpu_free: 50 }, 'CPU load of the last 5 minutes is not known'],
    ['memory', row('a', [free(9)]), { memory_free: 200 * GIB }, 'only 112 GiB of main memory free'],
    ['model', row('a', [free(9)]), { model: 'a100' }, 'no card of model a100'],
    ['too_few_cards', row('a', [free(9)]), { gpus: 2 }, 'too few cards: 1 of 2'],
    ['too_few_cards', row('a', []), {}, 'no such card'],
    ['no_gpu_data', row('a', [], { health: { failures: [{ collector: 'gpu', reason: 'nvidia-smi: timeout', count: 3 }] } }), {}, 'its cards cannot be read: nvidia-smi: timeout'],
    ['no_memory', row('a', [free(9)]), { memory: 20 * GIB }, 'no card with 20 GiB free, the best has 9 GiB'],
    ['no_memory', row('a', [free(30), card(1)]), { memory: 20 * GIB, gpus: 2 }, 'only 1 of 2 cards with 20 GiB free'],
    ['held', row('a', [free(9, { held: hold })]), {}, 'held by bob'],
    ['outranked', row('a', [free(9)]), { limit: 0 }, 'fits, but ranks 1'],
  ];
  it.each(table)('%s', (code, made, over, reason) => {
    const answer = ask([made], over);
    expect(answer.servers).toEqual([]);
    expect(answer.rejected).toMatchObject([{ server: 'a', code, reason }]);
  });
  it('finds part of a model and of a location in any case', () => {
    const rows = [row('a', [free(9, { gpu_type: 'NVIDIA A100-SXM4' })], { location: 'B-204' })];
    expect(winners(rows, { model: 'a100', location: 'b-2' })).toEqual(['a']);
  });
});

const cardArb = (id: number) =>
  fc.record({ used: fc.integer({ min: 0, max: 12 }), util: fc.option(fc.integer({ min: 0, max: 3 })), held: fc.boolean(), steadiness: fc.option(fc.constantFrom(0.2, 0.5, 0.9)) }).map((of) => ({
    card: card(id, { memory_used: of.used * GIB, utilization_median: of.util, held: of.held ? hold : null }),
    steadiness: of.steadiness,
  }));
const serverArb = (id: string) =>
  fc.record({ cards: fc.integer({ min: 0, max: 4 }).chain((n) => fc.tuple(...Array.from({ length: n }, (_, at) => cardArb(at)))), online: fc.boolean(), old: fc.boolean(), cpu: fc.option(fc.integer({ min: 0, max: 3 })) }).map((of) => ({
    row: row(id, of.cards.map((one) => one.card), { online: of.online, last_ts: of.old ? NOW - 60_000 : NOW, cpu_median: of.cpu }),
    steadiness: of.cards.map((one) => one.steadiness),
  }));
const fleetArb = fc.integer({ min: 1, max: 6 }).chain((n) => fc.tuple(...Array.from({ length: n }, (_, at) => serverArb(`s${at}`))));
const requestArb = fc.record({ gpus: fc.integer({ min: 1, max: 3 }), memory: fc.integer({ min: 0, max: 8 }).map((n) => n * GIB), order: fc.constantFrom('plain' as const, 'steady' as const), limit: fc.integer({ min: 1, max: 6 }), spread: fc.boolean() });
const contextOf = (fleet: { row: LiveRow; steadiness: (number | null)[] }[]): RankContext => {
  const known = new Map(fleet.map((one) => [one.row.server, one.steadiness]));
  return { held: (_server, one) => one.held, steadiness: (server, one) => known.get(server)?.[one.id] ?? null };
};

describe('for any fleet', () => {
  it('freeing memory never ranks a server lower', () => {
    fc.assert(
      fc.property(fleetArb, requestArb, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 12 }), (fleet, request, atServer, atCard, freed) => {
        const rankOf = (rows: LiveRow[], server: string) => {
          const at = winners(rows, { ...request, limit: 99 }, contextOf(fleet)).indexOf(server);
          return at < 0 ? Infinity : at;
        };
        const chosen = fleet[atServer % fleet.length]!.row;
        if (chosen.gpus.length === 0) return;
        const which = atCard % chosen.gpus.length;
        const gpus = chosen.gpus.map((one, at) => (at === which ? card(one.id, { ...one, memory_used: Math.max(0, one.memory_used - freed * GIB) }) : one));
        const before = fleet.map((one) => one.row);
        const after = before.map((one) => (one === chosen ? { ...one, gpus } : one));
        expect(rankOf(after, chosen.server)).toBeLessThanOrEqual(rankOf(before, chosen.server));
      }),
      { numRuns: 400 },
    );
  });
  it('no held card and no stale or offline server is recommended, and every server is answered once', () => {
    fc.assert(
      fc.property(fleetArb, requestArb, (fleet, request) => {
        const rows = new Map(fleet.map((one) => [one.row.server, one.row]));
        const answer = ask([...rows.values()], request, contextOf(fleet));
        for (const one of answer.servers) {
          const source = rows.get(one.server)!;
          expect(source.online && source.last_ts === NOW).toBe(true);
          if (!request.spread) expect(one.gpus).toHaveLength(request.gpus);
          for (const { id } of one.gpus) {
            const chosen = source.gpus.find((gpu) => gpu.id === id)!;
            expect(chosen.held).toBeNull();
            expect(chosen.memory_free).toBeGreaterThanOrEqual(request.memory);
          }
        }
        if (request.spread && answer.servers.length > 0) expect(answer.servers.flatMap((one) => one.gpus)).toHaveLength(request.gpus);
        expect([...answer.servers, ...answer.rejected].map((one) => one.server).sort()).toEqual([...rows.keys()].sort());
      }),
    );
  });
  it('the answer does not depend on the order of the rows', () => {
    const shuffledArb = fleetArb.chain((fleet) => fc.tuple(fc.constant(fleet), fc.shuffledSubarray([...fleet], { minLength: fleet.length })));
    fc.assert(
      fc.property(shuffledArb, requestArb, ([fleet, shuffled], request) => {
        const context = contextOf(fleet);
        expect(ask(shuffled.map((one) => one.row), request, context)).toEqual(ask(fleet.map((one) => one.row), request, context));
      }),
    );
  });
});
