import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GpuProcess } from '@vacancy/shared';
import { NO_INCREASE } from '../ingest/counters.js';
import type { Received } from '../ingest/decode.js';
import type { Booked } from './ledger.js';
import { heldBy } from './rows.js';

const booked = (processes: GpuProcess[], interval_ms: number, idle: boolean): Booked => ({
  ...NO_INCREASE, corrections: [], occupied_idle: [idle],
  sample: { interval_ms, gpus: [{ id: 3, memory_total: 1, memory_used: 1, processes }] } as unknown as Received,
});

const processes = fc.array(
  fc.record({ pid: fc.nat(), user: fc.constantFrom('ann', 'bob', 'eve'), memory_used: fc.constantFrom(0, 1, 100) }, { requiredKeys: ['pid'] }),
  { maxLength: 8 },
);

describe('time on a card', () => {
  it('is divided among its users without a millisecond more or less', () => {
    fc.assert(
      fc.property(processes, fc.integer({ min: 1, max: 3_600_000 }), fc.boolean(), (list, interval_ms, idle) => {
        const held = heldBy(booked(list, interval_ms, idle));
        const users = new Set(list.filter((process) => process.user && process.memory_used !== 0).map((process) => process.user));
        const sum = (key: 'held_ms' | 'fair_ms' | 'idle_ms') => held.reduce((total, row) => total + row[key], 0);
        expect(sum('held_ms')).toBe(users.size * interval_ms);
        expect(sum('fair_ms')).toBe(users.size > 0 ? interval_ms : 0);
        expect(sum('idle_ms')).toBe(idle ? sum('fair_ms') : 0);
      }),
    );
  });

  it('counts a user once, however many processes they have', () => {
    const held = heldBy(booked([{ pid: 1, user: 'ann' }, { pid: 2, user: 'ann' }, { pid: 3, user: 'bob' }], 1001, false));
    expect(held.map(({ held_ms, fair_ms }) => [held_ms, fair_ms])).toEqual([[1001, 501], [0, 0], [1001, 500]]);
  });
});
