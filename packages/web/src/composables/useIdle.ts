import { computed, inject, type ComputedRef, type InjectionKey } from 'vue';
import { DEFAULT_IDLE, same, type IdleDefinitions } from '@vacancy/shared';
import type { Fleet } from './useFleet.js';

export type IdleKind = IdleDefinitions['lead'];

/** What the two definitions of an idle card mean on this installation, and which one pages lead with. */
export const IDLE: InjectionKey<ComputedRef<IdleDefinitions>> = Symbol('idle');

const DEFAULT: IdleDefinitions = { lead: 'free8g', ...DEFAULT_IDLE };

/** The same object for as long as it says the same: every text depends on it, and an overview comes each second. */
export const idleOf = ({ view }: Pick<Fleet, 'view'>): ComputedRef<IdleDefinitions> =>
  computed((before) => {
    const next = view.value.overview?.idle ?? DEFAULT;
    return before && same(before, next) ? before : next;
  });

export function useIdle(): { definitions: ComputedRef<IdleDefinitions>; lead: ComputedRef<IdleKind>; order: ComputedRef<readonly [IdleKind, IdleKind]> } {
  const definitions = inject(IDLE, () => computed(() => DEFAULT), true);
  const lead = computed(() => definitions.value.lead);
  return { definitions, lead, order: computed(() => (lead.value === 'free8g' ? ['free8g', 'used10pct'] : ['used10pct', 'free8g'])) };
}
