import { onScopeDispose, readonly, shallowRef, type Ref } from 'vue';

/** The time, once a second: for ages on the screen. */
export function useNow(interval_ms = 1_000): Readonly<Ref<number>> {
  const now = shallowRef(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), interval_ms);
  onScopeDispose(() => clearInterval(timer));
  return readonly(now);
}
