import type { Sample } from '../../../packages/shared/src/index.js';

const GIB = 2 ** 30;

/** Numbers in [0, 1), the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Member {
  readonly server: string;
  readonly cards: number;
  /** Unix ms: reports from here on, and until there. */
  readonly from: number;
  readonly to: number;
  readonly interval_ms: number;
  /** Share of samples that never arrive. */
  readonly lost?: number;
  /** Added to the server's own clock. */
  readonly clock_off_ms?: number;
  /** Its taken cards always work. */
  readonly diligent?: boolean;
  readonly seed: number;
}

export type Arrived = Sample & { received_ts: number };

/** What one server sends: figures that wander, cards that are taken and left, counters that grow and begin again. */
export function* history({ server, cards, from, to, interval_ms, lost = 0, clock_off_ms = 0, diligent = false, seed }: Member): Generator<Arrived> {
  const r = random(seed);
  let cpu = 100 * r();
  let hdd = 2e12 + 1e12 * r();
  let counters = { in: 1e9, out: 5e9 };
  let boot = from - 86_400_000;
  let boot_id = `boot-${seed}`;
  let seq = 0;
  const busy = Array.from({ length: cards }, () => r() < 0.5);
  for (let ts = from + interval_ms; ts <= to; ts += interval_ms) {
    cpu = Math.min(100, Math.max(0, cpu + (r() - 0.5) * 20));
    hdd += 1e7 * r();
    counters = { in: counters.in + Math.floor(1e8 * r()), out: counters.out + Math.floor(3e8 * r()) };
    if (r() < 0.002) [counters, boot, boot_id, seq] = [{ in: 1000, out: 1000 }, ts - 1000, `${boot_id}x`, 0];
    if (cards > 0 && r() < 0.05) busy[Math.floor(r() * cards)] = r() < 0.5;
    seq++;
    if (r() < lost) continue;
    yield {
      v: 1, server, boot_id, seq, ts: ts + clock_off_ms, received_ts: ts, interval_ms,
      uptime_s: (ts - boot) / 1000,
      cpu: Math.round(cpu * 10) / 10,
      memory_total: 256 * GIB, memory_used: Math.floor(GIB * (20 + 100 * r())),
      hdd_total: 4e12, hdd_used: Math.floor(hdd),
      network_in: counters.in, network_out: counters.out,
      user_num: Math.floor(r() * 4),
      gpus: busy.map((taken, id) => ({
        id, memory_total: 24 * GIB, memory_used: Math.floor(GIB * (taken ? 5 + 18 * r() : 0.5 + (diligent ? 1.5 : 2.5) * r())),
        ...(r() < 0.95 && { utilization: Math.floor(taken && diligent ? 5 + 95 * r() : taken ? (seed % 3 === 0 && id === 0 ? 4 * r() : 100 * r()) : 0) }),
        processes: taken ? [{ pid: 1, user: `u${(seed + id) % 4}`, memory_used: GIB }, ...(id % 2 ? [{ pid: 2, user: 'u9', memory_used: GIB }, { pid: 3, user: 'u9' }] : []), { pid: 4, memory_used: GIB }] : [],
      })),
    };
  }
}
