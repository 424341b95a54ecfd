import { onScopeDispose, shallowRef, toValue, watch, type MaybeRefOrGetter, type ShallowRef } from 'vue';
import type { LiveRow } from '@vacancy/shared';
import { createCommitter } from './commit.js';
import { useClient } from './useClient.js';

export interface ServerFeed {
  /** The newest row; `null` before the first. */
  row: Readonly<ShallowRef<LiveRow | null>>;
  /** The service's time of that row, and when it was received here. */
  ts: Readonly<ShallowRef<number | null>>;
  received_at: Readonly<ShallowRef<number>>;
  refused: Readonly<ShallowRef<string | null>>;
}

/** Follows one server while the calling component lives; `onRow` sees every row, not only the drawn ones. */
export function useServer(id: MaybeRefOrGetter<string>, onRow: (row: LiveRow) => void = () => undefined): ServerFeed {
  const { live } = useClient();
  const row = shallowRef<LiveRow | null>(null);
  const ts = shallowRef<number | null>(null);
  const received_at = shallowRef(0);
  const refused = shallowRef<string | null>(null);
  let newest: { row: LiveRow; ts: number; received_at: number } | null = null;
  let stop: () => void = () => undefined;

  const committer = createCommitter(() => {
    if (!newest) return;
    row.value = newest.row;
    ts.value = newest.ts;
    received_at.value = newest.received_at;
  });
  const receive = (message: { topic: string; ts: number; data: unknown }): void => {
    const data = message.data as LiveRow; // every message of a `server:` topic carries a whole row
    newest = { row: data, ts: message.ts, received_at: Date.now() };
    refused.value = null;
    onRow(data);
    committer.mark();
  };
  watch(
    () => toValue(id),
    (server) => {
      stop();
      row.value = newest = null;
      refused.value = null;
      stop = live.follow(`server:${server}`, {
        snapshot: receive,
        delta: receive,
        refused: (error) => (refused.value = error),
      });
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    stop();
    committer.stop();
  });
  return { row, ts, received_at, refused };
}
