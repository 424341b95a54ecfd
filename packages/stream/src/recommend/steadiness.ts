import type { LiveGpu, LiveRow } from '@vacancy/shared';

/** Watches cards and says how sure it is that one stays as free as it is for the next ten minutes. */
export interface Steadiness {
  observe(rows: readonly LiveRow[], now: number): void;
  /** 0–1; `null` without enough history. */
  of(server: string, card: LiveGpu, now: number): number | null;
  save(): Promise<void>;
}

/** Knows nothing. */
export const noSteadiness: Steadiness = { observe() {}, of: () => null, save: async () => {} };
