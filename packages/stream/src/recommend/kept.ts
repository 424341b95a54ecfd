import type { KeptHold } from './holds.js';
import type { KeptWish } from './wishes.js';

/** What the service wrote itself; a file of another shape is of another version or damaged. */
const isListOf = (value: unknown, keys: readonly string[]): boolean =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'object' && entry !== null && keys.every((key) => key in entry));

export const isHolds = (value: unknown): value is KeptHold[] => isListOf(value, ['id', 'server', 'gpus', 'by', 'until', 'already_on']);
export const isWishes = (value: unknown): value is KeptWish[] => isListOf(value, ['id', 'target', 'until', 'state']);
