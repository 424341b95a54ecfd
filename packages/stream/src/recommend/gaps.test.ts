import { describe, expect, it } from 'vitest';
import { GIB, HOUR, MINUTE, SECOND } from '@vacancy/shared';
import { silentLog } from '../log.js';
import { NOW, card, row } from './fixture.js';
import { Gaps, type CardReading, type GapsState } from './gaps.js';
import type { Keeper } from '../keeper.js';
import { createSteadiness, isGapsState } from './steadiness.js';

const TOTAL = 24 * GIB;
const empty: CardReading = { memory_total: TOTAL, memory_free: TOTAL, utilization: 0, users: [] };
const used = (user: string, share = 0.8): CardReading => ({ memory_total: TOTAL, memory_free: (1 - share) * TOTAL, utilization: 90, users: [user] });

/** Looks at a card every minute through `times` rounds of a gap and a job. Returns the end. */
function rounds(gaps: Gaps, name: string, times: number, gap: (at: number) => number, user = 'alice', from = NOW, job = 20, share = 0.8): number {
  let ts = from;
  const look = (reading: CardReading, minutes: number) => {
    for (let minute = 0; minute < minutes; minute++, ts += MINUTE) gaps.observe(name, reading, ts);
  };
  for (let at = 0; at < times; at++) {
    look(empty, gap(at));
    look(used(user, share), job);
  }
  return ts;
}
/** The chance `age` minutes into a new gap. */
function into(gaps: Gaps, name: string, age: number, from: number, spare = 0): number | null {
  for (let minute = 0; minute <= age; minute++) gaps.observe(name, empty, from + minute * MINUTE);
  return gaps.chance(name, spare);
}

describe('how gaps ended before', () => {
  it('is not known until twenty have', () => {
    const gaps = new Gaps();
    expect(into(gaps, 'a/0', 3, rounds(gaps, 'a/0', 19, () => 5))).toBeNull();
    const more = new Gaps();
    expect(into(more, 'a/0', 3, rounds(more, 'a/0', 25, () => 5))).toBeLessThan(0.2);
    expect(more.chance('b/7', 0)).toBeNull();
  });
  it('makes a gap that has outlived the short ones a safe one', () => {
    const gaps = new Gaps();
    const end = rounds(gaps, 'a/0', 60, (at) => (at % 2 ? 5 : 300));
    const young = into(gaps, 'a/0', 3, end)!;
    const old = into(gaps, 'a/0', 60, end)!;
    expect(young).toBeLessThan(0.75);
    expect(old).toBeGreaterThan(0.9);
  });
  it('is close to the truth where gaps end at random', () => {
    let state = 7;
    const random = () => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32);
    const gaps = new Gaps();
    // An end each 40 minutes on average: ten more minutes with a chance of e^(-10/40), 0.78.
    const end = rounds(gaps, 'a/0', 400, () => 1 + Math.round(-40 * Math.log(1 - random())));
    for (const age of [2, 30]) expect(Math.abs(into(gaps, 'a/0', age, end)! - 0.78)).toBeLessThan(0.12);
  });
  it('tells a sought-after card from one that nobody wants', () => {
    const gaps = new Gaps();
    const end = Math.max(rounds(gaps, 'a/0', 40, () => 8), rounds(gaps, 'b/0', 8, () => 400, 'alice', NOW));
    expect(into(gaps, 'b/0', 4, end + HOUR)!).toBeGreaterThan(into(gaps, 'a/0', 4, end + HOUR)! + 0.3);
  });
  it('does not fear those who take less than can be spared', () => {
    const gaps = new Gaps();
    const end = rounds(gaps, 'a/0', 60, () => 5, 'alice', NOW, 20, 0.3);
    expect(into(gaps, 'a/0', 3, end, 0.1)).toBeLessThan(0.3);
    expect(into(gaps, 'a/0', 3, end, 0.5)).toBeGreaterThan(0.9);
  });
  it('says nothing about gaps that nobody watched', () => {
    const gaps = new Gaps();
    let ts = NOW;
    for (let at = 0; at < 100; at++, ts += 6 * MINUTE) gaps.observe('a/0', at % 2 ? used('alice') : empty, ts);
    expect(gaps.chance('a/0', 0)).toBeNull();
  });
  it('counts somebody who takes memory in steps as one arrival', () => {
    const gaps = new Gaps();
    let ts = NOW;
    for (let at = 0; at < 30; at++) {
      for (let minute = 0; minute < 5; minute++) gaps.observe('a/0', empty, (ts += MINUTE));
      for (let minute = 1; minute < 20; minute++) gaps.observe('a/0', used('alice', Math.min(0.8, minute * 0.2)), (ts += MINUTE));
    }
    const rates = new Map(gaps.state().rates);
    expect(rates.get('empty')!.events.reduce((a, b) => a + b)).toBe(30);
    expect(rates.get('shared')!.events.reduce((a, b) => a + b)).toBe(0);
    // Bin 16 of 20 is four fifths of the card, not the fifth of the first look.
    expect(rates.get('empty')!.falls[16]).toBe(30);
  });
});

describe('what was learned', () => {
  it('survives a restart', () => {
    const gaps = new Gaps();
    const end = rounds(gaps, 'a/0', 30, (at) => 5 + at);
    const again = new Gaps(JSON.parse(JSON.stringify(gaps.state())) as GapsState);
    expect(into(again, 'a/0', 3, end)).toBe(into(gaps, 'a/0', 3, end));
  });
  it('stays small whatever names come from outside', () => {
    const gaps = new Gaps(undefined, 1000);
    rounds(gaps, 'b/0', 5, () => 5);
    for (let at = 0; at < 2000; at++) {
      const named = { ...empty, users: [`user${at}`] };
      gaps.observe(`a/${at}`, named, NOW);
      gaps.observe(`a/${at}`, named, NOW + MINUTE);
    }
    expect(gaps.state().factors.length).toBeLessThanOrEqual(1000);
    expect(gaps.state().factors.some(([key]) => key.includes('user1999'))).toBe(true);
    expect(gaps.state().factors.some(([key]) => key.includes('user9|'))).toBe(false);
    gaps.forget(NOW + 2 * MINUTE);
    expect(gaps.state().periods.map(([card]) => card)).toEqual(['b/0']);
  });
  it('ignores a card whose size the driver could not read', () => {
    const gaps = new Gaps();
    gaps.observe('a/0', { ...empty, memory_total: 0 }, NOW);
    expect(gaps.state().periods).toEqual([]);
  });
});

describe('the live watch', () => {
  it('looks twice a minute at fresh rows and saves what it learned', async () => {
    let saved: GapsState | null = null;
    const keeper: Keeper<GapsState> = { load: async () => null, save: async (state) => void (saved = state) };
    const steadiness = await createSteadiness(keeper, silentLog);
    const at = (ts: number, over = {}) => [row('a', [card(0)], { last_ts: ts, ...over }), row('b', [card(0)], { last_ts: ts, online: false })];
    for (let ts = NOW; ts < NOW + 11 * MINUTE; ts += SECOND) steadiness.observe(at(ts), ts);
    expect(isGapsState(saved)).toBe(true);
    const { periods } = saved! as GapsState;
    expect(periods.map(([name]) => name)).toEqual(['a/0']);
    expect(steadiness.of('a', card(0), 8 * GIB)).toBeNull();
  });
});
