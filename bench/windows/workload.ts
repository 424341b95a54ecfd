import { GIB } from '@vacancy/shared';
import type { Received } from '../../packages/stream/src/ingest/decode.js';

/** A small generator of repeatable numbers in [0, 1) (mulberry32). */
export function numbers(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const START = 1_762_000_000_000;

/** Servers don't send all at once: when in its second one does, ms. */
export const offset = (server: number): number => (37 * server) % 1_000;

/**
 * One sample of one server at one second, as the wire has it: every card with a process, half of them at work. CPU is a
 * float that rarely repeats; utilisation and memory move in every sample.
 */
export function sampleAt(server: number, second: number, cards: number, random: () => number): Received {
  return {
    v: 1, server: `gpu${server}`, boot_id: '6f1c9c4e2a7b4d0f8e1a', seq: second, ts: START + 1_000 * second + offset(server), interval_ms: 1_000,
    uptime_s: 7_793_761 + second, cpu: random() * 100, load1: random() * 64, memory_total: 118_158_827_520, memory_used: Math.floor(random() * 118e9),
    swap_total: 0, swap_used: 0, hdd_total: 8_315_412_000_000, hdd_used: 7_568_100_000_000,
    network_in: 1_472_131_498_480 + second * 1_250_000, network_out: 6_131_962_388_933 + second * 800_000, user_num: 3,
    gpus: Array.from({ length: cards }, (_, id) => {
      const busy = (server + id) % 2 === 0;
      const memory_used = busy ? Math.floor((4 + 18 * random()) * GIB) : Math.floor(random() * 400e6);
      return {
        id, memory_total: 24 * GIB, memory_used, utilization: busy ? Math.floor(60 + 41 * random()) : 0, temperature: 71, power: 231.4,
        processes: [{ pid: 4_242 + id, user: 'alice', command: busy ? 'python train.py' : '/usr/lib/xorg/Xorg', memory_used }],
      };
    }),
    stream_seq: second, received_ts: START + 1_000 * second, skewed: false,
  };
}
