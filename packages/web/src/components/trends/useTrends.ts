import { onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import { DAY, HOUR, MINUTE, type Series } from '@vacancy/shared';
import type { Api } from '../../api/client.js';
import { useClient } from '../../composables/useClient.js';
import type { Stretch } from '../../state/range.js';
import { addUp, fleetTotals, TREND_FIELDS, type Totals } from './totals.js';

export interface TrendRequest {
  /** Servers with the ids of their cards; empty asks for the fleet. */
  servers: readonly { id: string; cards: readonly number[] }[];
  from: number;
  to: number;
  /** The same length right before, too. */
  compare: boolean;
}

export interface Trends {
  now: Readonly<ShallowRef<Totals | null>>;
  before: Readonly<ShallowRef<Totals | null>>;
  loading: Readonly<ShallowRef<boolean>>;
  error: Readonly<ShallowRef<unknown>>;
  reload(): void;
}

const REFRESH_MS = 10 * MINUTE;

/** Hours for days, days for years: about a hundred to a thousand points. */
export const stepOf = (span_ms: number): number => (span_ms <= 8 * DAY ? HOUR : span_ms <= 45 * DAY ? 6 * HOUR : DAY);

export function useTrends(request: ComputedRef<TrendRequest>): Trends {
  const { api } = useClient();
  const now = shallowRef<Totals | null>(null);
  const before = shallowRef<Totals | null>(null);
  const loading = shallowRef(true);
  const error = shallowRef<unknown>(null);
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function load(): Promise<void> {
    clearTimeout(timer);
    running?.abort();
    const { signal } = (running = new AbortController());
    const { servers, from, to, compare } = request.value;
    const step = stepOf(to - from);
    loading.value = true;
    try {
      const read = (stretch: Stretch): Promise<Totals> => readTotals(api, servers, { ...stretch, step }, signal);
      const [current, earlier] = await Promise.all([read({ from, to }), compare ? read({ from: 2 * from - to, to: from }) : null]);
      if (signal.aborted) return;
      now.value = current;
      before.value = earlier;
      error.value = null;
    } catch (cause) {
      if (signal.aborted) return;
      error.value = cause;
    }
    loading.value = false;
    timer = setTimeout(load, REFRESH_MS);
  }
  watch(() => JSON.stringify(request.value), load, { immediate: true });
  onScopeDispose(() => {
    clearTimeout(timer);
    running?.abort();
  });
  return { now, before, loading, error, reload: () => void load() };
}

async function readTotals(api: Api, servers: TrendRequest['servers'], stretch: Stretch & { step: number }, signal: AbortSignal): Promise<Totals> {
  if (servers.length === 0) return fleetTotals(await api.fleetSeries({ ...stretch, fields: [...TREND_FIELDS, 'idle_rate_used10pct', 'idle_rate_free8g', 'online_num'] }, signal));
  return addUp(await inTurns(servers, ({ id, cards }) => api.series(id, { ...stretch, fields: [...TREND_FIELDS, ...cards.flatMap((card) => [`gpu.${card}.idle_rate_used10pct`, `gpu.${card}.idle_rate_free8g`])] }, signal)));
}

/** A browser opens six connections to one host: more at once only wait where nobody sees them. */
const AT_ONCE = 6;

export async function inTurns<T>(items: readonly T[], read: (item: T) => Promise<Series>): Promise<Series[]> {
  const answers: Series[] = [];
  for (let i = 0; i < items.length; i += AT_ONCE) answers.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(read))));
  return answers;
}
