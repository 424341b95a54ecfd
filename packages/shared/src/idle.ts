import { GIB } from './units.js';

/** Both of the request's definitions of an idle card; both are always computed. */
export interface IdleThresholds {
  /** A card is idle by `free8g` when more than this many bytes of its memory are free. */
  readonly free_bytes: number;
  /** A card is idle by `used10pct` when less than this share (0–1) of its memory is in use. */
  readonly used_share: number;
}

export const DEFAULT_IDLE: IdleThresholds = { free_bytes: 8 * GIB, used_share: 0.1 };

/** Memory held counts as occupied from this share (0–1) of the card's memory on. */
export const OCCUPIED_SHARE = 0.1;
/** Utilisation under this many percent for a whole window makes an occupied card an idle one. */
export const OCCUPIED_IDLE_UTILIZATION = 5;

export interface CardMemory {
  readonly memory_total: number;
  readonly memory_used: number;
}

export const isFree8g = (card: CardMemory, thresholds: IdleThresholds = DEFAULT_IDLE): boolean =>
  card.memory_total - card.memory_used > thresholds.free_bytes;

export const isUsed10pct = (card: CardMemory, thresholds: IdleThresholds = DEFAULT_IDLE): boolean =>
  card.memory_used < thresholds.used_share * card.memory_total;
