import { shallowRef, watch, type Ref } from 'vue';
import { readStored, writeStored } from '../../composables/stored.js';

/** Who sits here, as they call themselves; remembered in this browser. */
export function useName(): Ref<string> {
  const name = shallowRef(readStored('user') ?? '');
  watch(name, (value) => writeStored('user', value.trim()));
  return name;
}

/** The service compares names without case. */
export const sameName = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();
