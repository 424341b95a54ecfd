import { onMounted, onScopeDispose } from 'vue';

/** Keeps the screen awake where the browser allows it. The lock is lost whenever the page is hidden, and taken again after. */
export function useWakeLock(): void {
  let lock: WakeLockSentinel | null = null;
  let over = false;
  async function take(): Promise<void> {
    if (over || document.hidden || !('wakeLock' in navigator)) return;
    const taken = await navigator.wakeLock.request('screen').catch(() => null); // refused: a low battery, a policy
    if (over) void taken?.release();
    else lock = taken;
  }
  onMounted(() => {
    void take();
    document.addEventListener('visibilitychange', take);
  });
  onScopeDispose(() => {
    over = true;
    document.removeEventListener('visibilitychange', take);
    void lock?.release();
  });
}
