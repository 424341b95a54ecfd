import type { LiveGpu, LiveRow } from '@vacancy/shared';

export interface ChosenCard {
  readonly card: LiveGpu;
  readonly steadiness: number | null;
}

export interface Fit {
  readonly row: LiveRow;
  /** Best first. */
  readonly chosen: readonly ChosenCard[];
  /** The card with the most free memory. */
  readonly best: LiveGpu | null;
  /** Of the least steady card, as all of them are needed. */
  readonly steadiness: number | null;
  /** `steadiness` as it ranks: 0 unless the order asks for it. */
  readonly step: number;
}
