import { describe, expect, it } from 'vitest';
import { SECOND } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { SILENCE_KEPT_MS, fromLastHeard, isLastHeard, toLastHeard } from './last-heard.js';

const T0 = 1_760_000_000_000;
const sample: Received = {
  v: 1, server: 'gpu01', boot_id: 'b', seq: 7, ts: T0, interval_ms: 1000, uptime_s: 100, cpu: 10, memory_total: 100, memory_used: 50, hdd_total: 200, hdd_used: 50,
  network_in: 1000, network_out: 500, gpus: [{ id: 0, memory_total: 10, memory_used: 1 }], stream_seq: 5, received_ts: T0 + SECOND, skewed: false,
};
const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('what was last heard of a server', () => {
  it('comes back as it was received', () => {
    const file = through([toLastHeard(sample)]);
    expect(isLastHeard(file)).toBe(true);
    expect(fromLastHeard(toLastHeard(sample), T0 + SILENCE_KEPT_MS)).toEqual({ ...sample, stream_seq: 0 });
  });

  it('is let go of after a month', () => {
    expect(fromLastHeard(toLastHeard(sample), T0 + SECOND + SILENCE_KEPT_MS + 1)).toBeNull();
  });

  it('is left out when it is no sample, and a file of anything else is refused', () => {
    expect(fromLastHeard({ ...toLastHeard(sample), sample: { ...sample, cpu: -1 } }, T0)).toBeNull();
    for (const bad of [null, {}, [null], [{ received_ts: 1 }], [{ received_ts: '1', sample: { server: 'a' } }], [{ received_ts: 1, sample: {} }]]) expect(isLastHeard(bad)).toBe(false);
  });
});
