import { describe, expect, it } from 'vitest';
import { GIB } from '@vacancy/shared';
import { NOW, card, row } from './fixture.js';
import { rank } from './rank.js';
import { SteadyCards } from './steady-cards.js';
import { everyCard, type KeptWish } from './wishes.js';

const wish = { gpus: 1, memory: 10 * GIB, model: null } as KeptWish;
const at = (seconds: number) => NOW + seconds * 1000;
const see = (cards: SteadyCards, seconds: number, gpus: ReturnType<typeof card>[]) => cards.see(rank([row('a', gpus, { last_ts: at(seconds) })], everyCard(wish), at(seconds)), at(seconds));
const full = { memory_free: GIB };

describe('a card is steadily free', () => {
  it('after thirty seconds without a break', () => {
    const cards = new SteadyCards(30_000);
    see(cards, 0, [card(0)]);
    see(cards, 29, [card(0)]);
    expect([cards.has('a', { id: 0 }, at(29)), cards.most]).toEqual([false, 0]);
    see(cards, 30, [card(0)]);
    expect([cards.has('a', { id: 0 }, at(30)), cards.most]).toEqual([true, 1]);
    see(cards, 31, [card(0, full)]);
    see(cards, 32, [card(0)]);
    expect([cards.has('a', { id: 0 }, at(32)), cards.most]).toEqual([false, 0]);
  });
  it('by itself: two cards that are free in turn are none', () => {
    const cards = new SteadyCards(30_000);
    for (let seconds = 0; seconds <= 120; seconds += 5) {
      const first = seconds % 20 < 10;
      see(cards, seconds, [card(0, first ? {} : full), card(1, first ? full : {})]);
      expect(cards.most).toBe(0);
    }
  });
  it('anew when somebody comes, whose job may not have taken its memory yet', () => {
    const cards = new SteadyCards(30_000);
    for (const seconds of [0, 30]) see(cards, seconds, [card(0)]);
    see(cards, 31, [card(0, { users: ['bob'] })]);
    expect(cards.most).toBe(0);
    see(cards, 61, [card(0, { users: ['bob'] })]);
    expect(cards.most).toBe(1);
  });
  it('never on a server that is not known', () => expect(new SteadyCards(0).has('b', { id: 0 }, NOW)).toBe(false));
});
