import { describe, expect, it } from 'vitest';
import { grown, increase, type CounterReading } from './counters.js';

describe('a counter', () => {
  it('grew by what was added', () => expect(grown(10, 15, false)).toBe(5));
  it('grew by its new value after a reboot', () => expect(grown(10, 4, true)).toBe(4));
  it('that fell without one shows nothing', () => expect(grown(10, 4, false)).toBeNull());
});

describe('the increase of both counters', () => {
  const reading: CounterReading = { boot_id: 'a', ts: 1000, uptime_s: 50, network_in: 100, network_out: 200 };

  it('has the time over which they grew', () => {
    const next = { ...reading, ts: 601_000, uptime_s: 650, network_in: 160, network_out: 230 };
    expect(increase(reading, next)).toEqual({ network_down_bytes: 60, network_up_bytes: 30, network_down_known_ms: 600_000, network_up_known_ms: 600_000 });
  });

  it('has no time where one is not known', () => {
    const next = { ...reading, ts: 2000, uptime_s: 51, network_in: 5, network_out: 230 };
    expect(increase(reading, next)).toEqual({ network_down_bytes: 0, network_up_bytes: 30, network_down_known_ms: 0, network_up_known_ms: 1000 });
  });

  it.each([['another boot', { boot_id: 'b', uptime_s: 51 }], ['a fallen uptime', { uptime_s: 3 }]])('starts from nothing after a reboot: %s', (_, rebooted) => {
    const next = { ...reading, ts: 3000, network_in: 5, network_out: 7, ...rebooted };
    expect(increase(reading, next)).toEqual({ network_down_bytes: 5, network_up_bytes: 7, network_down_known_ms: 2000, network_up_known_ms: 2000 });
  });

  it('takes no time back when the clock was set back', () => {
    expect(increase(reading, { ...reading, ts: 400, network_in: 101 })).toMatchObject({ network_down_bytes: 1, network_down_known_ms: 0 });
  });
});
