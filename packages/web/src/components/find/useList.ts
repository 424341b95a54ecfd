import { onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue';

const REFRESH_MS = 15_000;

/** A list that others change, too: read now, whenever `relevant` changes, and every quarter of a minute. */
export function useList<T>(read: (signal: AbortSignal) => Promise<T[]>, relevant?: Ref<unknown>): { items: Readonly<ShallowRef<readonly T[] | null>>; reload: () => Promise<void> } {
  const items = shallowRef<readonly T[] | null>(null);
  const controller = new AbortController();
  const reload = async (): Promise<void> => {
    if (document.hidden) return;
    // What is shown stays when the service is away for a moment; the status strip says that it is.
    const next = await read(controller.signal).catch(() => null);
    if (next && !controller.signal.aborted) items.value = next;
  };
  const timer = setInterval(reload, REFRESH_MS);
  if (relevant) watch(relevant, reload);
  void reload();
  onScopeDispose(() => {
    clearInterval(timer);
    controller.abort();
  });
  return { items, reload };
}
