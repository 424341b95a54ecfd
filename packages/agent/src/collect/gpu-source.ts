import type { GpuSample } from '@vacancy/shared/plain';
import type { GpuInventory } from '../inventory.js';
import type { Failure } from './collector.js';

/** Cards are watched by a part of their own; a sample takes what it last saw. */
export interface GpuSource {
  /** It has said something of the cards, or that there are none. */
  readonly ready: boolean;
  readonly gpus: readonly GpuSample[];
  readonly inventory: GpuInventory;
  /** What is wrong now or was within the last minutes. */
  readonly failures: readonly Failure[];
}
