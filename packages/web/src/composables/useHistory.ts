import { onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import { MINUTE } from '@vacancy/shared';
import { History, type Value } from '../state/history.js';
import { stretchOf, withMargin, type Range, type Stretch } from '../state/range.js';
import { createCommitter } from './commit.js';
import { useClient } from './useClient.js';

export interface HistoryFeed {
  /** Replaced by itself when its content changed: `history` is one object, this tells of its news. */
  version: Readonly<ShallowRef<number>>;
  history: History;
  /** The stretch that was asked for, with its margins. */
  loaded: Readonly<ShallowRef<Stretch | null>>;
  loading: Readonly<ShallowRef<boolean>>;
  error: Readonly<ShallowRef<unknown>>;
  append(ts: number, values: Record<string, Value>, interval_ms: number): void;
  reload(): void;
}

export interface HistoryRequest {
  id: string;
  fields: readonly string[];
  range: Range;
}

/**
 * The history of one server that goes on live. What is shown stays until its successor has arrived, so nothing flickers;
 * while live, the archives are asked again now and then, for what came late.
 */
export function useHistory(request: ComputedRef<HistoryRequest | null>, now: () => number = Date.now): HistoryFeed {
  const { api } = useClient();
  const history = new History();
  const version = shallowRef(0);
  const loaded = shallowRef<Stretch | null>(null);
  const loading = shallowRef(false);
  const error = shallowRef<unknown>(null);
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const committer = createCommitter(() => version.value++);

  async function load(): Promise<void> {
    clearTimeout(timer);
    running?.abort();
    const wanted = request.value;
    if (!wanted) return;
    const controller = (running = new AbortController());
    loading.value = true;
    const stretch = withMargin(stretchOf(wanted.range, now()), now());
    try {
      const series = await api.series(wanted.id, { fields: wanted.fields, ...stretch }, controller.signal);
      if (controller.signal.aborted) return;
      history.load(series);
      loaded.value = stretch;
      error.value = null;
      committer.mark();
    } catch (cause) {
      if (controller.signal.aborted) return;
      error.value = cause;
      // Without a past the lines begin now: the live way does not wait for the database.
      loaded.value ??= stretch;
    }
    loading.value = false;
    if (wanted.range.kind === 'live') timer = setTimeout(load, Math.min(15 * MINUTE, Math.max(MINUTE, 2 * (history.step ?? 0))));
  }

  watch(
    () => JSON.stringify(request.value),
    (_, before) => {
      const [was, is] = [before ? (JSON.parse(before) as HistoryRequest | null) : null, request.value];
      if (was && is && was.id !== is.id) {
        history.clear();
        loaded.value = null;
        committer.mark();
      }
      void load();
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    running?.abort();
    clearTimeout(timer);
    committer.stop();
  });

  return {
    version,
    history,
    loaded,
    loading,
    error,
    append(ts, values, interval_ms) {
      if (!loaded.value) return;
      history.append(ts, values, interval_ms);
      const { range } = request.value ?? {};
      if (range?.kind === 'live') history.trim(now() - 1.6 * range.span_ms);
      committer.mark();
    },
    reload: () => void load(),
  };
}
