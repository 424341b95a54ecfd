import { describe, expect, it } from 'vitest';
import { HOUR, ManualClock, MINUTE } from '@vacancy/shared';
import { silentLog } from '../log.js';
import { Schedule, nextRun, patternOf, type Work } from './schedule.js';

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

  it('makes what was missed at once, then every day at its time', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    const made: string[] = [];
    await using schedule = started({ makeMissing: async () => made.push(new Date(clock.now()).toISOString()) }, clock);
    await schedule.idle();
    for (let i = 0; i < 48 * 6; i++) {
      clock.advance(10 * MINUTE);
      await schedule.idle();
    }
    expect(made).toEqual(['2026-11-22T12:00:00.000Z', '2026-11-23T00:10:00.000Z', '2026-11-24T00:10:00.000Z']);
  });

  it('tries again after five minutes when the database was away', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    let tries = 0;
    await using schedule = started({ makeMissing: async () => (++tries < 3 ? Promise.reject(new Error('away')) : 1) }, clock);
    for (let i = 0; i < 30; i++) {
      await schedule.idle();
      clock.advance(MINUTE);
    }
    await schedule.idle();
    expect(tries).toBe(3);
  });

  it('looks for late data every hour, and never while reports are being made', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    const order: string[] = [];
    let done = () => {};
    const making = new Promise<void>((resolve) => (done = resolve));
    await using schedule = started({
      makeMissing: async () => (order.push('made'), await making, order.push('made to the end')),
      reviseLate: async () => void order.push('looked'),
    }, clock);
    clock.advance(HOUR);
    done();
    await schedule.idle();
    expect(order).toEqual(['made', 'made to the end', 'looked', 'looked']);
  });

  it('ends with its last piece of work and starts none after it', async () => {
    const clock = new ManualClock(at('2026-11-22T12:00Z'));
    let looks = 0;
    const schedule = started({ reviseLate: async () => void looks++ }, clock);
    await schedule.idle();
    await schedule[Symbol.asyncDispose]();
    clock.advance(48 * HOUR);
    expect(looks).toBe(1);
  });
});
