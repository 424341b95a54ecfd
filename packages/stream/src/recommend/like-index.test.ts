import { describe, expect, it } from 'vitest';
import { GIB, type LikeIndex } from '@vacancy/shared';
import { card, row } from './fixture.js';

const total = 24 * GIB;
const idle = { memory_total: total, memory_used: 0 };
const share = (of: number) => ({ memory_total: 100 * GIB, memory_used: of * 100 * GIB });

const table: [claim: string, level: LikeIndex, made: ReturnType<typeof row>][] = [
  ['an idle card, a quiet host', 'free', row('a', [card(0, idle)])],
  ['exactly 8 GiB free is not more than 8 GiB', 'light', row('a', [card(0, { memory_total: total, memory_free: 8 * GIB })])],
  ['a byte more than 8 GiB free', 'free', row('a', [card(0, { memory_total: total, memory_free: 8 * GIB + 1 })])],
  ['one idle card among full ones', 'free', row('a', [card(0, { memory_total: total, memory_free: 0 }), card(1, idle)])],
  ['an idle card that still computes at 10 %', 'light', row('a', [card(0, { ...idle, utilization_median: 10 })])],
  ['utilisation under 10 %', 'free', row('a', [card(0, { ...idle, utilization_median: 9.9 })])],
  ['utilisation not known', 'light', row('a', [card(0, { ...idle, utilization_median: null })])],
  ['CPU median 70', 'light', row('a', [card(0, idle)], { cpu_median: 70 })],
  ['CPU median under 70', 'free', row('a', [card(0, idle)], { cpu_median: 69.9 })],
  ['CPU median not known', 'light', row('a', [card(0, idle)], { cpu_median: null })],
  ['CPU median 90', 'busy', row('a', [card(0, idle)], { cpu_median: 90 })],
  ['memory 90 %', 'light', row('a', [card(0, idle)], share(0.9))],
  ['memory 95 %', 'busy', row('a', [card(0, idle)], share(0.95))],
  ['a card without a size beside full ones', 'busy', row('a', [card(0, { memory_total: 100, memory_free: 0 }), card(1, { memory_total: 0, memory_used: 0 })])],
  ['only cards without a size', 'light', row('a', [card(0, { memory_total: 0, memory_used: 0 })])],
  ['cards that the driver does not let be read', 'light', row('a', [], { cpu_median: 5, health: { failures: [{ collector: 'nvidia', reason: 'NVML', count: 1 }] } })],
  ['no cards, though something else failed', 'free', row('a', [], { cpu_median: 5, health: { failures: [{ collector: 'users', reason: 'x', count: 1 }] } })],
  ['no card with 10 % free', 'busy', row('a', [card(0, { memory_total: 100, memory_free: 9 }), card(1, { memory_total: 100, memory_free: 0 })])],
  ['one card with just 10 % free', 'light', row('a', [card(0, { memory_total: 100, memory_free: 10 }), card(1, { memory_total: 100, memory_free: 0 })])],
  ['no cards, a quiet host', 'free', row('a', [], { cpu_median: 29.9, ...share(0.69) })],
  ['no cards, CPU median 30', 'light', row('a', [], { cpu_median: 30 })],
  ['no cards, memory 70 %', 'light', row('a', [], share(0.7))],
  ['no cards, CPU median 90', 'busy', row('a', [], { cpu_median: 90 })],
];

describe('like_index', () => {
  it.each(table)('%s: %s', (_claim, level, made) => expect(made.like_index).toBe(level));
});
