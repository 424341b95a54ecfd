import { onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import { DAY, MINUTE } from '@vacancy/shared';
import { useClient } from '../../composables/useClient.js';
import type { Card } from './cards.js';
import { idleSince, type IdleStretch } from './idle-since.js';

const LOOK_BACK_MS = DAY;
const STEP_MS = 5 * MINUTE;
const REFRESH_MS = 5 * MINUTE;
/** Servers asked about; whoever holds more has a longer talk ahead than one about hours. */
const MOST_SERVERS = 16;

/** Since when the given cards have been held without work, by `server:card`, looked up in the archives. */
export function useIdleSince(cards: ComputedRef<readonly Card[]>): Readonly<ShallowRef<ReadonlyMap<string, IdleStretch>>> {
  const { api } = useClient();
  const found = shallowRef<ReadonlyMap<string, IdleStretch>>(new Map());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: AbortController | null = null;

  async function look(): Promise<void> {
    clearTimeout(timer);
    running?.abort();
    const { signal } = (running = new AbortController());
    const servers = byServer(cards.value);
    const next = new Map<string, IdleStretch>();
    for (const [server, held] of [...servers].slice(0, MOST_SERVERS)) {
      const to = Math.max(...held.map(({ row }) => row.last_ts));
      const fields = held.flatMap(({ gpu }) => [`gpu.${gpu.id}.memory_used`, `gpu.${gpu.id}.utilization`]);
      // Without an answer the row still says that it is five minutes at least.
      const series = await api.series(server, { fields, from: to - LOOK_BACK_MS, to, step: STEP_MS }, signal).catch(() => null);
      if (signal.aborted) return;
      for (const { gpu } of series ? held : []) {
        const stretch = idleSince(series!, gpu.id, gpu.memory_total);
        if (stretch) next.set(`${server}:${gpu.id}`, stretch);
      }
    }
    found.value = next;
    timer = setTimeout(look, REFRESH_MS);
  }
  watch(() => cards.value.map(({ row, gpu }) => `${row.server}:${gpu.id}`).sort().join(), () => void look(), { immediate: true });
  onScopeDispose(() => {
    clearTimeout(timer);
    running?.abort();
  });
  return found;
}

function byServer(cards: readonly Card[]): Map<string, Card[]> {
  const servers = new Map<string, Card[]>();
  for (const card of cards) servers.set(card.row.server, [...(servers.get(card.row.server) ?? []), card]);
  return servers;
}
