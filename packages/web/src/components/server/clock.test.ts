import { describe, expect, it } from 'vitest';
import { clockError } from './clock.js';

const of = (clock_offset_ms?: number, clock_skewed = false) => clockError({ clock_skewed, health: clock_offset_ms === undefined ? null : { clock_offset_ms } });

describe("a server's clock", () => {
  it('is worth no word while it is right to two seconds, or nobody has measured it', () => {
    for (const offset of [0, 2_000, -2_000, undefined]) expect(of(offset)).toBeNull();
  });

  it('is behind where the broker’s is later, and ahead where it is earlier', () => {
    expect(of(300_000)).toEqual({ ahead: false, ms: 300_000 });
    expect(of(-5_000)).toEqual({ ahead: true, ms: 5_000 });
  });

  it('is ahead by nobody knows how much where only its samples show it', () => {
    expect(of(undefined, true)).toEqual({ ahead: true, ms: null });
    expect(of(-90_000, true)).toEqual({ ahead: true, ms: 90_000 });
  });
});
