import { describe, expect, it } from 'vitest';
import { reconnectDelay } from './connection.js';

describe('the pause before the next attempt', () => {
  it('grows to two seconds and begins anew after a quiet time', () => {
    let now = 0;
    const delay = reconnectDelay(() => now, () => 0.5);
    const next = (): number => {
      const ms = delay();
      now += ms;
      return ms;
    };
    expect(Array.from({ length: 5 }, next)).toEqual([250, 500, 1_000, 2_000, 2_000]);
    now += 60_000;
    expect(next()).toBe(250);
  });

  it('differs between agents by up to a factor of three', () => {
    expect([reconnectDelay(() => 0, () => 0)(), reconnectDelay(() => 0, () => 1)()]).toEqual([125, 375]);
  });
});
