import { computed, onMounted, onScopeDispose, shallowRef, type ComputedRef, type ShallowRef } from 'vue';
import { usePrinting } from './usePrinting.js';

/** Rows drawn beyond the visible ones, so that a quick scroll does not show an empty edge. */
const OVERSCAN = 4;

export interface Span {
  start: number;
  /** Exclusive. */
  end: number;
}

/** Which of `count` rows of equal height are worth drawing. */
export function visibleSpan(count: number, rowHeight: number, top: number, height: number): Span {
  const first = Math.floor(top / rowHeight) - OVERSCAN;
  const last = Math.ceil((top + height) / rowHeight) + OVERSCAN;
  const end = Math.min(count, Math.max(0, last));
  return { start: Math.max(0, Math.min(first, end)), end };
}

export function useVirtualRows(scroller: Readonly<ShallowRef<HTMLElement | null>>, count: () => number, rowHeight: number): ComputedRef<Span> {
  const top = shallowRef(0);
  const height = shallowRef(600);
  const printing = usePrinting();
  onMounted(() => {
    const element = scroller.value!;
    const measure = (): void => {
      top.value = element.scrollTop;
      height.value = element.clientHeight;
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    onScopeDispose(() => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    });
  });
  // Paper cannot be scrolled.
  return computed(() => (printing.value ? { start: 0, end: count() } : visibleSpan(count(), rowHeight, top.value, height.value)));
}
