import { OCCUPIED_IDLE_UTILIZATION, OCCUPIED_SHARE, type Series } from '@vacancy/shared';

export interface IdleStretch {
  /** Start of the oldest point from which on the card was held without work, Unix ms. */
  since: number;
  /** The stretch reaches back to the first point that was looked at: it may be older. */
  at_least: boolean;
}

/**
 * How long a card has been occupied but idle, from its history: back from the newest point while memory is held and the
 * utilisation stays low. A point without data neither ends the stretch nor makes it longer.
 * @returns `null` when the newest known point already says otherwise
 */
export function idleSince({ ts, ...columns }: Series, gpu: number, memory_total: number): IdleStretch | null {
  const used = columns[`gpu.${gpu}.memory_used`] ?? [];
  const utilization = columns[`gpu.${gpu}.utilization`] ?? [];
  let found: IdleStretch | null = null;
  for (let i = ts.length - 1; i >= 0; i--) {
    const [held, work] = [used[i] ?? null, utilization[i] ?? null];
    if (held === null || work === null) continue;
    if (held < OCCUPIED_SHARE * memory_total || work >= OCCUPIED_IDLE_UTILIZATION) return found;
    found = { since: ts[i]!, at_least: false };
  }
  return found && { ...found, at_least: true };
}
