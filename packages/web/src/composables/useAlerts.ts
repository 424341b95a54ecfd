import { onScopeDispose, shallowRef, type ShallowRef } from 'vue';
import type { Alerts } from '@vacancy/shared';
import { useClient } from './useClient.js';

/** What is wrong ends without a word: so it is asked for again from time to time. */
const AGAIN_MS = 60_000;

/** What is wrong now and what was told lately; null until the service has answered. `failed` while it does not. */
export function useAlerts(): { alerts: ShallowRef<Alerts | null>; failed: ShallowRef<boolean> } {
  const { api, live } = useClient();
  const alerts = shallowRef<Alerts | null>(null);
  const failed = shallowRef(false);
  const controller = new AbortController();
  const load = (): void => {
    api.alerts(controller.signal).then(
      (said) => {
        alerts.value = said;
        failed.value = false;
      },
      () => (failed.value = !controller.signal.aborted),
    );
  };
  const stops = [live.onAlert(load), live.onConnection((connection) => connection === 'live' && load())];
  const timer = setInterval(load, AGAIN_MS);
  onScopeDispose(() => {
    clearInterval(timer);
    controller.abort();
    for (const stop of stops) stop();
  });
  load();
  return { alerts, failed };
}
