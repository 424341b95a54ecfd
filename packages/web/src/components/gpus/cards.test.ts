import { describe, expect, it } from 'vitest';
import { GIB, type FleetGpu, type FleetRow } from '@vacancy/shared';
import { cardsOf, filterCards, occupiedIdle, sortCards, useByUser, type CardFilter } from './cards.js';
import { createOrdering } from '../../state/order.js';
import { idleSince } from './idle-since.js';

const NONE: CardFilter = { text: '', server: '', gpu_type: '', free_gib: 0, idle: '' };
const gpu = (id: number, free: number, more: Partial<FleetGpu> = {}): FleetGpu => ({
  id, gpu_type: 'A100', memory_total: 40 * GIB, memory_used: (40 - free) * GIB, memory_free: free * GIB, utilization: 0, temperature: null, power: null,
  idle: { free8g: free > 8, used10pct: free > 36 }, idle_rate: { '5m': { free8g: null, used10pct: null }, '60m': { free8g: null, used10pct: null } },
  utilization_median: null, occupied_idle: false, users: [], held: null, ...more,
});
const row = (server: string, gpus: FleetGpu[], more: Partial<FleetRow> = {}): FleetRow => ({ server, name: server, online: true, address: null, location: null, gpus, ...more }) as FleetRow;
const names = (cards: ReturnType<typeof cardsOf>): string[] => cards.map(({ row: { server }, gpu: { id } }) => `${server}:${id}`);

describe('the cards of a fleet', () => {
  const cards = cardsOf([row('a', [gpu(0, 10), gpu(1, 39, { users: ['ann'] })]), row('b', [gpu(0, 39), gpu(1, 2)]), row('gone', [gpu(0, 40)], { online: false })]);

  it('stand with most free memory first, those of silent servers last', () => {
    expect(names(sortCards(cards, 'memory_free', 'desc', createOrdering('en')))).toEqual(['a:1', 'b:0', 'a:0', 'b:1', 'gone:0']);
    expect(names(sortCards(cards, 'memory_free', 'asc', createOrdering('en'))).at(-1)).toBe('gone:0');
  });

  it('are free or idle only while their server is heard', () => {
    expect(names(filterCards(cards, { ...NONE, free_gib: 20 }))).toEqual(['a:1', 'b:0']);
    expect(names(filterCards(cards, { ...NONE, idle: 'used10pct' }))).toEqual(['a:1', 'b:0']);
  });

  it('are found by the name of who is on them', () => {
    expect(names(filterCards(cards, { ...NONE, text: 'ANN a100' }))).toEqual(['a:1']);
  });
});

describe('use by user', () => {
  it('divides a shared card for the share, and never guesses who holds how much of it', () => {
    const use = useByUser(cardsOf([row('a', [gpu(0, 30, { users: ['ann'] }), gpu(1, 20, { users: ['ann', 'bob'] }), gpu(2, 40), gpu(3, 40)])]));
    expect(use).toEqual([
      { user: 'ann', cards: 2, shared_cards: 1, memory: 10 * GIB, shared_memory: 20 * GIB, share: 0.375 },
      { user: 'bob', cards: 1, shared_cards: 1, memory: 0, shared_memory: 20 * GIB, share: 0.125 },
    ]);
  });

  it('does not count the cards of a silent server', () => {
    expect(useByUser(cardsOf([row('a', [gpu(0, 30, { users: ['ann'] })], { online: false })]))).toEqual([]);
  });
});

describe('occupied but idle', () => {
  it('lists the largest holding first', () => {
    const cards = cardsOf([row('a', [gpu(0, 30, { occupied_idle: true }), gpu(1, 5, { occupied_idle: true }), gpu(2, 0)])]);
    expect(names(occupiedIdle(cards))).toEqual(['a:1', 'a:0']);
  });

  const history = (utilization: (number | null)[], used = utilization.map(() => 20 as number | null)) => ({ ts: utilization.map((_, i) => i * 60_000), 'gpu.0.memory_used': used, 'gpu.0.utilization': utilization });

  it('goes back to the last work', () => {
    expect(idleSince(history([0, 90, 1, null, 2]), 0, 100)).toEqual({ since: 120_000, at_least: false });
  });

  it('says at least when no work is in sight', () => {
    expect(idleSince(history([null, 0, 1]), 0, 100)).toEqual({ since: 60_000, at_least: true });
  });

  it('begins when the memory was taken', () => {
    expect(idleSince(history([0, 0, 0], [5, 20, 20]), 0, 100)).toEqual({ since: 60_000, at_least: false });
  });

  it('is over with the newest work, and unknown without data', () => {
    expect(idleSince(history([0, 0, 50]), 0, 100)).toBeNull();
    expect(idleSince(history([null, null]), 0, 100)).toBeNull();
  });
});
