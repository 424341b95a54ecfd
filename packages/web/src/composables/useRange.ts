import { computed, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from 'vue';
import { useRoute } from 'vue-router';
import { parseRange, rangeOf, rangeQuery, shift, stretchOf, zoom, type Preset, type Range, type Stretch } from '../state/range.js';
import { useSetQuery } from './useQuery.js';

/** A drag or a turn of the wheel is over when it has paused for this long: then the fitting archive level is fetched. */
const SETTLED_MS = 300;

export interface RangeControl {
  range: ComputedRef<Range>;
  /** A stretch under the mouse, not yet settled. */
  moving: Readonly<ShallowRef<Stretch | null>>;
  set(range: Range): void;
  /** Follows a zoom or pan of a chart. */
  follow(stretch: Stretch): void;
  move(share: number): void;
  zoom(factor: number): void;
}

/** The looked-at time, kept in the page's address; all charts of a page share it. */
export function useRange(fallback: Preset = '1h', now: () => number = Date.now): RangeControl {
  const route = useRoute();
  const setQuery = useSetQuery();
  const moving = shallowRef<Stretch | null>(null);
  const range = computed(() => parseRange(route.query, fallback));
  let timer: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => clearTimeout(timer));

  const set = (next: Range): void => {
    clearTimeout(timer);
    moving.value = null;
    setQuery(rangeQuery(next, fallback));
  };
  return {
    range,
    moving,
    set,
    follow(stretch) {
      moving.value = stretch;
      clearTimeout(timer);
      timer = setTimeout(() => set(rangeOf(stretch, now())), SETTLED_MS);
    },
    move: (share) => set(rangeOf(shift(stretchOf(range.value, now()), share, now()), now())),
    zoom: (factor) => set(rangeOf(zoom(stretchOf(range.value, now()), factor, now()), now())),
  };
}
