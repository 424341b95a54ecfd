import type { LiveGpu, LiveRow } from '@vacancy/shared';

/** A server that has what was asked for, with what it is ranked by. */
export interface Fit {
  readonly row: LiveRow;
  /** Best first. */
  readonly chosen: readonly LiveGpu[];
  /** The card with the most free memory; `null` when no card was asked for. */
  readonly best: LiveGpu | null;
  /** How sure it is that the cards stay free, in steps; 0 unless the order asks for it. */
  readonly step: number;
  /** Of the best card, or of the server when no card was asked for, bytes. */
  readonly memory_free: number;
  /** Medians of 5 minutes, percent; Infinity is not known, and loses every tie. */
  readonly utilization: number;
  readonly cpu: number;
}
