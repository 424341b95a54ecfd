import { describe, expect, it } from 'vitest';
import { HOUR, ManualClock, MINUTE, SECOND } from '@vacancy/shared';
import { silentLog } from '../log.js';
import { Schedule, lastRun, nextRun, patternOf, type Work } from './schedule.js';

const at = (text: string): number => Date.parse(text);

describe('the schedule', () => {
  it.each([
    ['Asia/Shanghai', '2026-11-22T12:00Z', '2026-11-22T16:10Z'],
    ['Asia/Kolkata', '2026-11-22T18:39Z', '2026-11-22T18:40Z'],
    ['Asia/Kolkata', '2026-11-22T18:40Z', '2026-11-23T18:40Z'],
    ['America/New_York', '2026-11-01T04:11Z', '2026-11-02T05:10Z'],
    // The clocks go from 00:00 to 01:00: there is no 00:10 that day, and the day before has ended.
    ['Asia/Beirut', '2022-03-26T12:00Z', '2022-03-26T22:00Z'],
  ])('in %s comes after %s at %s', (zone, now, next) => {
    expect(new Date(nextRun('00:10', zone, at(now))).toISOString()).toBe(new Date(at(next)).toISOString());
  });

  it.each(['24:00', '0:60', 'noon', '00:10:00', ''])('refuses "%s" as a time of day', (text) => {
    expect(() => patternOf(text)).toThrow('a time of day such as 00:10');
  });

  const started = (work: Partial<Work>, clock: ManualClock) => {
    const nothing = async () => 0;
    const schedule = new Schedule({ work: { makeMissing: nothing, makeArrived: nothing, reviseLate: async () => {}, ...work }, at: '00:10', timezone: 'UTC', log: silentLog }, clock);
    schedule.start();
    return schedule;
  };

  it.each([['2026-11-22T00:09:59Z', '2026-11-21T00:10Z'], ['2026-11-22T00:10Z', '2026-11-22T00:10Z'], ['2026-11-22T23:00Z', '2026-11-22T00:10Z']])('was last due before %s at %s', (now, due) => {
    expect(new Date(lastRun('00:10', 'UTC', at(now))).toISOString()).toBe(new Date(at(due)).toISOString());
  });

  it('makes what has ended when its time has come, whether or not its data rests', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    const made: string[] = [];
    const hhmm = (ts: number) => new Date(ts).toISOString().slice(8, 16);
    await using schedule = started({ makeMissing: async (endedBy) => made.push(`${hhmm(clock.now())} ${hhmm(endedBy)}`) }, clock);
    for (let i = 0; i < 48 * 6; i++) {
      clock.advance(10 * MINUTE);
      await schedule.idle();
    }
    expect(made).toEqual(['23T00:10 23T00:10', '24T00:10 24T00:10']);
  });

  it('looks at start and every ten seconds whether data of the past has come to rest, never for what is not due', async () => {
    const clock = new ManualClock(at('2026-11-22T00:09:30Z'));
    const looks: string[] = [];
    await using schedule = started({ makeArrived: async (endedBy) => looks.push(`${new Date(clock.now()).toISOString().slice(14, 19)} ${new Date(endedBy).getUTCDate()}`) }, clock);
    for (let i = 0; i < 4; i++) {
      await schedule.idle();
      clock.advance(10 * SECOND);
    }
    await schedule.idle();
    expect(looks).toEqual(['09:30 21', '09:40 21', '09:50 21', '10:00 22', '10:10 22']);
  });

  it.each([['makeMissing', '2026-11-22T00:09:59Z'], ['makeArrived', '2026-11-22T12:00Z']] as const)('tries %s again after five minutes when the database was away', async (way, from) => {
    const clock = new ManualClock(at(from));
    const tries: number[] = [];
    await using schedule = started({ [way]: async () => (tries.push(clock.now()) < 3 ? Promise.reject(new Error('away')) : 1) }, clock);
    for (let s = 0; s < 620; s++) {
      await schedule.idle();
      clock.advance(SECOND);
    }
    const began = way === 'makeMissing' ? 1 : 0;
    expect(tries.slice(0, 3).map((ts) => (ts - at(from)) / SECOND)).toEqual([began, began + 300, began + 600]);
  });

  it('looks for late data every quarter of an hour, and never while reports are being made', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    const order: string[] = [];
    let done = () => {};
    const making = new Promise<void>((resolve) => (done = resolve));
    await using schedule = started({
      makeArrived: async () => (order.length === 0 ? (order.push('making'), await making, order.push('made')) : 0),
      reviseLate: async () => void order.push('looked'),
    }, clock);
    clock.advance(30 * MINUTE);
    done();
    await schedule.idle();
    expect(order).toEqual(['making', 'made', 'looked', 'looked']);
  });

  it('ends with its last piece of work and starts none after it', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    let works = 0;
    const count = async () => ++works;
    const schedule = started({ makeMissing: count, makeArrived: count, reviseLate: async () => void count() }, clock);
    await schedule.idle();
    await schedule[Symbol.asyncDispose]();
    clock.advance(48 * HOUR);
    expect(works).toBe(1);
  });
});
