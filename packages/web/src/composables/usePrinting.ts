import { onScopeDispose, readonly, shallowRef, type Ref } from 'vue';

/** Whether the page is being put on paper. It turns within the browser's event: what follows it within a microtask is on the paper. */
export function usePrinting(): Readonly<Ref<boolean>> {
  const printing = shallowRef(false);
  const turn = (event: Event): void => void (printing.value = event.type === 'beforeprint');
  for (const event of ['beforeprint', 'afterprint']) window.addEventListener(event, turn);
  // Without a scope it is the application's own.
  onScopeDispose(() => {
    for (const event of ['beforeprint', 'afterprint']) window.removeEventListener(event, turn);
  }, true);
  return readonly(printing);
}
