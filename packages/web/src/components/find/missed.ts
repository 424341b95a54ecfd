import type { Alert, Wish } from '@vacancy/shared';

/** The alerts that a page was to say since `since`, from the list of wishes; the oldest first. Who named a webhook or an address was told there. */
export const missedAlerts = (wishes: readonly Wish[], since: number): Alert[] =>
  wishes.flatMap(({ id, by, notify, granted }) => {
    if (!granted || notify !== 'page' || granted.ts < since) return [];
    const { ts, server, name, cuda_visible_devices } = granted;
    return [{ id: `wish:${id}`, ts, kind: 'wish_granted' as const, server, message: '', data: { by, name, cuda_visible_devices } }];
  });
