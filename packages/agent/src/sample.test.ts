import { MAX_SAMPLE_BYTES, decodeSample, sampleSubject, type GpuSample } from '@vacancy/shared';
import { describe, expect, it } from 'vitest';
import type { Reading } from './publish/spool.js';
import { fit } from './sample.js';

const reading = (cards: number, processes: number, user: string): Reading => ({
  v: 1, server: 'gpu01', ts: 1, interval_ms: 1_000, uptime_s: 1, cpu: 1, memory_total: 1, memory_used: 1, hdd_total: 1, hdd_used: 1, network_in: 1, network_out: 1,
  users: Array.from({ length: 256 }, (_, index) => `${user}${index}`.slice(-64)),
  gpus: Array.from({ length: cards }, (_, id): GpuSample => ({
    id, memory_total: 85_899_345_920, memory_used: 1_073_741_824, utilization: 97,
    processes: Array.from({ length: processes }, (_, index) => ({ pid: 100_000 + index, user, command: '训练'.repeat(100), memory_used: 73_210_000_000 })),
  })),
  processes: [{ pid: 1, command: 'init', memory_used: 1 }],
});

describe('a sample too large for the wire', () => {
  it.each([[8, 30], [8, 256], [64, 256]])('of %d cards with %d processes each is made to fit, every card still in it', (cards, processes) => {
    const message = { ...fit(reading(cards, processes, 'u'.repeat(64))), boot_id: 'b'.repeat(32), seq: Number.MAX_SAFE_INTEGER };
    const bytes = Buffer.from(JSON.stringify(message));
    expect(bytes.length).toBeLessThanOrEqual(MAX_SAMPLE_BYTES);
    const decoded = decodeSample(sampleSubject('gpu01'), bytes);
    expect(decoded.ok && decoded.value.gpus.length).toBe(cards);
  });

  it('gives up command lines before it gives up who uses a card', () => {
    const [gpu] = fit(reading(8, 60, 'alice')).gpus;
    expect(gpu!.processes).toHaveLength(60);
    expect(gpu!.processes![0]).toMatchObject({ user: 'alice', memory_used: 73_210_000_000 });
  });

  it('is left as it is where it fits', () => {
    const small = reading(8, 4, 'alice');
    expect(fit(small)).toBe(small);
  });
});
