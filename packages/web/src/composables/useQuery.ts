import { computed, type WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/**
 * A choice that lives in the page's address, so that a link shows the same. The fallback is left out of the address;
 * with `allowed`, anything else someone wrote there counts as the fallback.
 */
export function useQuery(key: string, fallback: string): WritableComputedRef<string>;
export function useQuery<T extends string>(key: string, fallback: T, allowed: readonly T[]): WritableComputedRef<T>;
export function useQuery(key: string, fallback: string, allowed?: readonly string[]): WritableComputedRef<string> {
  const setQuery = useSetQuery();
  const route = useRoute();
  return computed({
    get() {
      const value = route.query[key];
      return typeof value === 'string' && (!allowed || allowed.includes(value)) ? value : fallback;
    },
    set: (value) => setQuery({ [key]: value === fallback ? undefined : value }),
  });
}

/** Changes several parts of the address at once, without a step in the browser's history. */
export function useSetQuery(): (changes: Record<string, string | undefined>) => void {
  const route = useRoute();
  const router = useRouter();
  // Two changes in one tick: the second must not be made on the address from before the first.
  let pending: Record<string, string | undefined> = {};
  return (changes) => {
    pending = { ...pending, ...changes };
    void router.replace({ query: { ...route.query, ...pending }, hash: route.hash }).then(() => (pending = {}));
  };
}
