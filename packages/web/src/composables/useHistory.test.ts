import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { computed, createApp, effectScope, nextTick, shallowRef } from 'vue';
import type { Series } from '@vacancy/shared';
import type { Api, SeriesRequest } from '../api/client.js';
import type { Range } from '../state/range.js';
import { CLIENT } from './useClient.js';
import { useHistory } from './useHistory.js';

const NOW = 1_762_000_000_000;
const HOUR = 3_600_000;
const columns = (...cpu: number[]): Series => ({ ts: cpu.map((_, i) => NOW - 60_000 + i * 1_000), cpu }) as unknown as Series;

/** The composable with a service whose answers the test gives when it likes. */
function start(first: Range = { kind: 'live', span_ms: HOUR }) {
  const asked: { query: SeriesRequest; signal: AbortSignal; answer: (series: Series) => void; fail: (error: Error) => void }[] = [];
  const api = {
    series: (_: string, query: SeriesRequest, signal: AbortSignal) => new Promise<Series>((answer, fail) => asked.push({ query, signal, answer, fail })),
  } as unknown as Api;
  const range = shallowRef<Range>(first);
  const id = shallowRef('a');
  const app = createApp({}).provide(CLIENT, { api, live: {} as never });
  const scope = effectScope();
  const feed = app.runWithContext(() => scope.run(() => useHistory(computed(() => ({ id: id.value, fields: ['cpu'], range: range.value })), () => NOW)))!;
  return { asked, range, id, feed, scope, values: () => feed.history.points('cpu').map(([, value]) => value) };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', () => 1);
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const settle = async (): Promise<void> => {
  await nextTick();
  await vi.advanceTimersByTimeAsync(0);
};

describe('the history of a server', () => {
  it('asks for half a span more than it shows', () => {
    const { asked } = start();
    expect(asked[0]!.query).toMatchObject({ fields: ['cpu'], from: NOW - 1.5 * HOUR, to: NOW });
  });

  it('keeps showing what it has until its successor is there', async () => {
    const { asked, range, values } = start();
    asked[0]!.answer(columns(1, 2));
    await settle();
    range.value = { kind: 'live', span_ms: 24 * HOUR };
    await settle();
    expect(values()).toEqual([1, 2]);
    asked[1]!.answer(columns(7));
    await settle();
    expect(values()).toEqual([7]);
  });

  it('lets a late answer to an earlier question go', async () => {
    const { asked, range, values } = start();
    range.value = { kind: 'live', span_ms: 24 * HOUR };
    await settle();
    expect(asked[0]!.signal.aborted).toBe(true);
    asked[1]!.answer(columns(7));
    await settle();
    asked[0]!.answer(columns(1, 2));
    await settle();
    expect(values()).toEqual([7]);
  });

  it('shows nothing of one server under the name of another', async () => {
    const { asked, id, values } = start();
    asked[0]!.answer(columns(1, 2));
    await settle();
    id.value = 'b';
    await settle();
    expect(values()).toEqual([]);
  });

  it('goes on live without its past when the database is down', async () => {
    const { asked, feed, values } = start();
    asked[0]!.fail(new Error('no database'));
    await settle();
    expect(feed.error.value).toBeInstanceOf(Error);
    feed.append(NOW, { cpu: 5 }, 1_000);
    expect(values()).toEqual([5]);
  });

  it('asks again now and then while live, and not for a fixed stretch', async () => {
    const live = start();
    live.asked[0]!.answer(columns(1, 2));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(live.asked).toHaveLength(2);
    const fixed = start({ kind: 'fixed', from: NOW - 2 * HOUR, to: NOW - HOUR });
    fixed.asked[0]!.answer(columns(1, 2));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(fixed.asked).toHaveLength(1);
  });

  it('stops asking when its page is gone', async () => {
    const { asked, scope } = start();
    asked[0]!.answer(columns(1, 2));
    await settle();
    scope.stop();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(asked).toHaveLength(1);
  });
});
