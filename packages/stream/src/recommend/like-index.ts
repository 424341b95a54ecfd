import type { LikeIndex, LiveGpu, LiveRow } from '@vacancy/shared';
import { gpuFailure } from './gpu-failure.js';

/** What the index looks at; a row that is still being built has all of it. */
export interface LikeIndexInput extends Pick<LiveRow, 'memory_total' | 'memory_used' | 'health'> {
  readonly windows: { readonly '5m': { readonly cpu_median: number | null } };
  readonly gpus: readonly Pick<LiveGpu, 'memory_total' | 'memory_used' | 'utilization_median' | 'idle'>[];
}

/**
 * The recommendation index of a server, from its last readings and its 5-minute window.
 *
 * - `busy`: no card with 10 % of its memory free, or CPU median ≥ 90, or memory ≥ 95 %.
 * - `free`: a card idle by `free8g` whose utilisation median is under 10, CPU median under 70, memory under 90 %;
 *   without cards: CPU median under 30, memory under 70 %.
 * - `light`: everything else.
 *
 * What is not known makes a server neither free nor busy: a median (`null`), a card without a size, all cards of a server
 * whose driver does not answer.
 */
export function likeIndex(row: LikeIndexInput): LikeIndex {
  if (isBusy(row)) return 'busy';
  return isFree(row) ? 'free' : 'light';
}

function isBusy(row: LikeIndexInput): boolean {
  const readable = row.gpus.filter((card) => card.memory_total > 0);
  const cardsFull = readable.length > 0 && readable.every((card) => card.memory_total - card.memory_used < 0.1 * card.memory_total);
  return cardsFull || (row.windows['5m'].cpu_median ?? 0) >= 90 || memoryShare(row) >= 0.95;
}

function isFree(row: LikeIndexInput): boolean {
  const hasCards = row.gpus.length > 0 || gpuFailure(row) !== undefined;
  const cpu = row.windows['5m'].cpu_median;
  if (cpu === null || cpu >= (hasCards ? 70 : 30)) return false;
  if (memoryShare(row) >= (hasCards ? 0.9 : 0.7)) return false;
  return !hasCards || row.gpus.some((card) => card.idle.free8g && card.utilization_median !== null && card.utilization_median < 10);
}

const memoryShare = (row: LikeIndexInput): number => (row.memory_total > 0 ? row.memory_used / row.memory_total : 0);
