import type { LiveRow } from '@vacancy/shared';

/** A clock off by more than this puts samples into the wrong minute now and then. */
const WORTH_SAYING_MS = 2_000;

/** How far a server's clock is off; `ms` is `null` where only that it is ahead by more than a minute is known. */
export interface ClockError {
  readonly ahead: boolean;
  readonly ms: number | null;
}

export function clockError({ clock_skewed, health }: Pick<LiveRow, 'clock_skewed' | 'health'>): ClockError | null {
  const offset = health?.clock_offset_ms;
  if (offset !== undefined && Math.abs(offset) > WORTH_SAYING_MS) return { ahead: offset < 0, ms: Math.abs(offset) };
  return clock_skewed ? { ahead: true, ms: null } : null;
}
