import { ManualClock } from '@vacancy/shared/plain';
import { describe, expect, it } from 'vitest';
import { Runner, type Collector } from './collector.js';

const collector = (cadence_ms: number, collect: Collector<number>['collect']): Collector<number> => ({ name: 'c', cadence_ms, collect });
const never = (): Promise<number> => new Promise(() => {});

describe('running a collector', () => {
  it('reads at its cadence and no more often', async () => {
    const clock = new ManualClock(1_000_000);
    let reads = 0;
    const runner = new Runner(collector(10_000, async () => ++reads), 1_000, clock);
    for (let second = 0; second < 21; second++) {
      await runner.run();
      clock.advance(1_000);
    }
    expect(reads).toBe(3);
  });

  it('gives up at the deadline, says so, and is not read a second time meanwhile', async () => {
    const clock = new ManualClock(1_000_000);
    let reads = 0;
    const runner = new Runner(collector(0, () => (reads++, never())), 500, clock);
    const run = runner.run();
    clock.advance(500);
    await run;
    await runner.run();
    expect(reads).toBe(1);
    expect(runner.failure).toEqual({ collector: 'c', reason: 'no answer within 500 ms', count: 1 });
    expect(runner.value).toBeUndefined();
  });

  it('takes nothing from a reading that comes after its deadline', async () => {
    const clock = new ManualClock(1_000_000);
    let late: (value: number) => void = () => {};
    const runner = new Runner(collector(0, () => new Promise((resolve) => (late = resolve))), 500, clock);
    const run = runner.run();
    clock.advance(500);
    await run;
    late(7);
    await Promise.resolve();
    expect(runner.value).toBeUndefined();
  });

  it('counts failures, keeps the last good reading while it is fresh, then knows nothing', async () => {
    const clock = new ManualClock(1_000_000);
    let broken = false;
    const runner = new Runner(collector(10_000, async () => { if (broken) throw new Error('disk\non fire'); return 42; }), 1_000, clock);
    await runner.run();
    broken = true;
    clock.advance(10_000);
    await runner.run();
    expect(runner.value).toBe(42);
    expect(runner.failure).toEqual({ collector: 'c', reason: 'disk on fire', count: 1 });
    clock.advance(21_000);
    await runner.run();
    expect(runner.value).toBeUndefined();
    expect(runner.failure?.count).toBe(2);
  });

  it('forgets a failure that has not come back for five minutes', async () => {
    const clock = new ManualClock(1_000_000);
    const runner = new Runner(collector(0, async () => { throw new Error('once'); }), 1_000, clock);
    await runner.run();
    clock.advance(301_000);
    expect(runner.failure).toBeNull();
  });

  it('keeps a failure in view for as long as the reading hangs', async () => {
    const clock = new ManualClock(1_000_000);
    let late: (value: number) => void = () => {};
    const runner = new Runner(collector(0, () => new Promise((resolve) => (late = resolve))), 500, clock);
    void runner.run();
    clock.advance(3_600_000);
    expect(runner.failure).toEqual({ collector: 'c', reason: 'no answer within 500 ms', count: 1 });
    late(7);
    await new Promise((resolve) => setImmediate(resolve));
    expect(runner.failure).toBeNull();
  });

  it('names what a good reading had to leave out', async () => {
    const runner = new Runner({ ...collector(0, async () => 42), problem: 'no answer from /mnt/dead' }, 500, new ManualClock(1_000_000));
    await runner.run();
    expect(runner.value).toBe(42);
    expect(runner.failure).toEqual({ collector: 'c', reason: 'no answer from /mnt/dead', count: 1 });
  });

  it('goes on reading when the clock is set back', async () => {
    const clock = new ManualClock(1_000_000_000);
    let reads = 0;
    const runner = new Runner(collector(10_000, async () => ++reads), 1_000, clock);
    await runner.run();
    const back = new ManualClock(0);
    clock.now = () => back.now();
    await runner.run();
    expect(reads).toBe(2);
  });
});
