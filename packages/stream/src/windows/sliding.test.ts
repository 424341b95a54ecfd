import { describe, expect, it } from 'vitest';
import { TestScheduler } from 'rxjs/testing';
import { Subject, map } from 'rxjs';
import type { Clock } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { FleetWindows } from './fleet.js';
import { serverWindows, slidingWindows, type WindowsTick } from './sliding.js';

/** A sample of server `a` in which only what a test speaks of is not ordinary. */
const sampleOf = (fields: Partial<Received>): Received => ({
  v: 1, server: 'a', boot_id: 'boot', seq: fields.ts ?? 0, ts: 0, interval_ms: 1_000, uptime_s: 1_000, cpu: 0,
  memory_total: 1, memory_used: 0, hdd_total: 1, hdd_used: 0, network_in: 0, network_out: 0, gpus: [],
  stream_seq: 0, received_ts: 0, skewed: false, ...fields,
});

const LENGTHS = { short: 4, long: 12 };
const OPTIONS = { lengths: LENGTHS, lateness_ms: 3, tick_ms: 5 };
type Label = keyof typeof LENGTHS;

const clockOf = (scheduler: TestScheduler): Clock => ({
  now: () => scheduler.now(),
  setTimer(ms, task) {
    const timer = scheduler.schedule(task, ms);
    return () => timer.unsubscribe();
  },
});

/** A tick as a picture: the servers that changed with the mean cpu of the short window, `-` where it is empty, and who left. */
const drawn = ({ servers, removed }: WindowsTick<Label>): string =>
  [...[...servers].map(([id, { windows }]) => `${id}${windows.short.cpu_mean ?? '-'}`), ...removed.map((id) => `${id} gone`)].join(' ');

const run = (test: (helpers: Parameters<Parameters<TestScheduler['run']>[0]>[0], clock: Clock) => void): void => {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) => test(helpers, clockOf(scheduler)));
};

const at = (ts: number, cpu: number, server = 'a') => sampleOf({ ts, cpu, server, interval_ms: 1 });

describe('slidingWindows', () => {
  it('emits a server once a tick however many samples came, with all that is known by then', () =>
    run(({ hot, expectObservable }, clock) => {
      const source = hot('-xyz-------', { x: at(1, 10), y: at(2, 20), z: at(3, 60) });
      const ticks = source.pipe(slidingWindows<Label>(OPTIONS, clock), map(drawn));
      //                        the tick at 5 finds the sample of 1 already outside (1, 5]
      expectObservable(ticks, '^---------!').toBe('-----a----', { a: 'a40' });
    }));

  it('emits only the servers that changed', () =>
    run(({ hot, expectObservable }, clock) => {
      const source = hot('--a-b--------c-', { a: at(2, 10), b: at(4, 30, 'b'), c: at(13, 50, 'b') });
      const ticks = source.pipe(slidingWindows<Label>({ ...OPTIONS, lengths: { short: 100, long: 100 } }, clock), map(drawn));
      expectObservable(ticks, '^---------------!').toBe('-----x---------y', { x: 'a10 b30', y: 'b40' });
    }));

  it('drains a silent server by the clock, and lets go of it when its longest window is empty', () =>
    run(({ hot, expectObservable }, clock) => {
      const source = hot('--x', { x: at(2, 10) });
      const ticks = source.pipe(slidingWindows<Label>(OPTIONS, clock), map(drawn));
      expectObservable(ticks, '^-------------------------!').toBe('-----a----b----c', { a: 'a10', b: 'a-', c: 'a gone' });
    }));

  it('does not wait for late samples: the next tick corrects the figure', () =>
    run(({ hot, expectObservable }, clock) => {
      const options = { ...OPTIONS, lengths: { short: 100, long: 100 } };
      const source = hot('---x--l', { x: at(3, 10), l: at(1, 30) });
      const ticks = source.pipe(slidingWindows<Label>(options, clock), map(drawn));
      expectObservable(ticks, '^-----------!').toBe('-----a----b', { a: 'a10', b: 'a20' });
    }));

  it('emits nothing for a sample beyond the lateness', () =>
    run(({ hot, expectObservable }, clock) => {
      const options = { ...OPTIONS, lengths: { short: 100, long: 100 } };
      const source = hot('----x-l', { x: at(9, 10), l: at(5, 30) });
      expectObservable(source.pipe(slidingWindows<Label>(options, clock), map(drawn)), '^-----------!').toBe('-----a-----', { a: 'a10' });
    }));

  it('shows the rest when the source completes, and stops its clock', () =>
    run(({ cold, expectObservable }, clock) => {
      const source = cold('-x-|', { x: at(1, 10) });
      expectObservable(source.pipe(slidingWindows<Label>(OPTIONS, clock), map(drawn))).toBe('---(a|)', { a: 'a10' });
    }));

  it('passes an error on at once', () =>
    run(({ cold, expectObservable }, clock) => {
      const source = cold('-x-#', { x: at(1, 10) });
      expectObservable(source.pipe(slidingWindows<Label>(OPTIONS, clock), map(drawn))).toBe('---#');
    }));

  it('lets go of its source and its timer with the subscription', () =>
    run(({ hot, expectObservable, expectSubscriptions }, clock) => {
      const source = hot('-x-----x--', { x: at(1, 10) });
      expectObservable(source.pipe(slidingWindows<Label>(OPTIONS, clock), map(drawn)), '^---!').toBe('-----');
      expectSubscriptions(source.subscriptions).toBe('^---!');
    }));

  it('emits when it is told to', () =>
    run(({ hot, expectObservable }, clock) => {
      const source = hot('-x--y------', { x: at(1, 10), y: at(4, 30) });
      const ticks = hot(' --t-----t--', { t: null });
      const shown = source.pipe(slidingWindows<Label>({ ...OPTIONS, ticks, lengths: { short: 100, long: 100 } }, clock), map(drawn));
      expectObservable(shown, '^---------!').toBe('--a-----b-', { a: 'a10', b: 'a20' });
    }));

  it('loses none of more samples than wait for a tick', () => {
    const [source, ticks] = [new Subject<Received>(), new Subject<void>()];
    const shown: WindowsTick<'all'>[] = [];
    source.pipe(slidingWindows<'all'>({ lengths: { all: 1e6 }, ticks }, { now: () => 5_000, setTimer: () => () => {} })).subscribe((tick) => shown.push(tick));
    for (let ts = 1; ts <= 5_000; ts++) source.next(at(ts, ts % 100, ts % 2 ? 'a' : 'b'));
    expect(shown).toEqual([]);
    ticks.next();
    expect([...shown[0]!.servers].map(([id, { windows }]) => [id, windows.all.coverage, windows.all.cpu_max])).toEqual([['a', 2_500 / 1e6, 99], ['b', 2_500 / 1e6, 98]]);
  });

  it('goes on with windows that a replay has filled', () =>
    run(({ hot, expectObservable }, clock) => {
      const windows = new FleetWindows<Label>({ lengths: { short: 100, long: 100 } });
      windows.record(at(0, 50));
      const source = hot('--x', { x: at(2, 10) });
      expectObservable(source.pipe(slidingWindows<Label>({ windows, tick_ms: 5 }, clock), map(drawn)), '^------!').toBe('-----a', { a: 'a30' });
    }));
});

describe('serverWindows', () => {
  it('follows one server, and says when nothing is known of it any more', () =>
    run(({ hot, expectObservable }, clock) => {
      const source = hot('-ab', { a: at(1, 10), b: at(2, 20, 'b') });
      const one = source.pipe(slidingWindows<Label>(OPTIONS, clock), serverWindows<Label>('b'), map((of) => of && of.windows.long.cpu_mean));
      expectObservable(one, '^-------------------!').toBe('-----a----a----n', { a: 20, n: null });
    }));
});
