import { describe, expect, it } from 'vitest';
import { HOUR, ManualClock, MINUTE } from '@vacancy/shared';
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
    const schedule = new Schedule({ work: { makeMissing: async () => 0, reviseLate: async () => {}, ...work }, at: '00:10', timezone: 'UTC', log: silentLog }, clock);
    schedule.start();
    return schedule;
  };

  it.each([['2026-11-22T00:09:59Z', '2026-11-21T00:10Z'], ['2026-11-22T00:10Z', '2026-11-22T00:10Z'], ['2026-11-22T23:00Z', '2026-11-22T00:10Z']])('was last due before %s at %s', (now, due) => {
    expect(new Date(lastRun('00:10', 'UTC', at(now))).toISOString()).toBe(new Date(at(due)).toISOString());
  });

  it('makes what was missed at once, and what has ended only when its time has come', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    const made: [string, string][] = [];
    const hhmm = (ts: number) => new Date(ts).toISOString().slice(8, 16);
    let ended = '';
    await using schedule = started({
      makeMissing: async (endedBy) => {
        if (hhmm(endedBy) !== ended) made.push([hhmm(clock.now()), (ended = hhmm(endedBy))]);
        return 0;
      },
    }, clock);
    await schedule.idle();
    for (let i = 0; i < 48 * 6; i++) {
      clock.advance(10 * MINUTE);
      await schedule.idle();
    }
    expect(made).toEqual([['22T12:00', '22T00:10'], ['23T00:10', '23T00:10'], ['24T00:10', '24T00:10']]);
  });

  it('tries again after five minutes when the database was away', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    let tries = 0;
    await using schedule = started({ makeMissing: async () => (++tries < 3 ? Promise.reject(new Error('away')) : 1) }, clock);
    for (let i = 0; i < 12; i++) {
      await schedule.idle();
      clock.advance(MINUTE);
    }
    await schedule.idle();
    expect(tries).toBe(3);
  });

  it('looks for late data every quarter of an hour, and never while reports are being made', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    const order: string[] = [];
    let done = () => {};
    const making = new Promise<void>((resolve) => (done = resolve));
    await using schedule = started({
      makeMissing: async () => (order.length === 0 ? (order.push('making'), await making, order.push('made')) : 0),
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
    const schedule = started({ makeMissing: count, reviseLate: async () => void count() }, clock);
    await schedule.idle();
    await schedule[Symbol.asyncDispose]();
    clock.advance(48 * HOUR);
    expect(works).toBe(1);
  });
});
