import { onScopeDispose, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import type { RecommendQuery, Recommendation } from '@vacancy/shared';
import { ApiFailure } from '../../api/client.js';
import { useClient } from '../../composables/useClient.js';

export interface Answer {
  answer: Readonly<ShallowRef<Recommendation | null>>;
  failure: Readonly<ShallowRef<ApiFailure | null>>;
  ask(): void;
}

/** A slider that moves asks nothing until it rests. */
const SETTLE_MS = 300;
const MIN_INTERVAL_MS = 1_000;

/**
 * The recommendation for `query`, asked again when the question or `relevant` changes, at most once a second, and never
 * while nobody looks. What is shown stays until its successor is there.
 */
export function useAnswer(query: ComputedRef<RecommendQuery>, relevant: Ref<string>): Answer {
  const { api } = useClient();
  const answer = shallowRef<Recommendation | null>(null);
  const failure = shallowRef<ApiFailure | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | null = null;
  let asked_at = -Infinity;
  let answered = '';
  let missed = false;

  async function ask(): Promise<void> {
    timer = undefined;
    if (document.hidden) {
      missed = true;
      return;
    }
    running?.abort();
    const { signal } = (running = new AbortController());
    asked_at = performance.now();
    const question = JSON.stringify(query.value);
    try {
      const said = await api.recommend({ ...query.value, ...(question === answered && { refresh: true }) }, signal);
      if (signal.aborted) return;
      answer.value = said;
      failure.value = null;
      answered = question;
    } catch (cause) {
      if (signal.aborted) return;
      if (!(cause instanceof ApiFailure)) throw cause;
      failure.value = cause;
      // The live feed may go on saying nothing new.
      timer ??= setTimeout(ask, 5 * MIN_INTERVAL_MS);
    }
  }
  const soon = (ms: number): void => {
    timer ??= setTimeout(ask, Math.max(ms, MIN_INTERVAL_MS - (performance.now() - asked_at)));
  };
  const shown = (): void => {
    if (document.hidden || !missed) return;
    missed = false;
    soon(0);
  };

  watch(() => JSON.stringify(query.value), (_, before) => {
    clearTimeout(timer);
    timer = undefined;
    soon(before === undefined ? 0 : SETTLE_MS);
  }, { immediate: true });
  watch(relevant, () => soon(0));
  document.addEventListener('visibilitychange', shown);
  onScopeDispose(() => {
    clearTimeout(timer);
    running?.abort();
    document.removeEventListener('visibilitychange', shown);
  });
  return { answer, failure, ask: () => soon(0) };
}
