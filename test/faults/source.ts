import { GIB } from '@vacancy/shared';
import type { Reading } from '../../packages/agent/src/publish/spool.js';

/** One of the servers that publish while parts are killed. */
export interface Member {
  readonly server: string;
  readonly cards: number;
  /** It boots again this often; null for never. */
  readonly reboots_ms: number | null;
  /** Taken from the time of day, so that a local midnight falls into the run. */
  readonly shift_ms: number;
}

export const RATE = 25;
/** Every member reads itself once in this time; a sample stands for it. */
export const STEP_MS = 1000 / RATE;

const USERS = ['alice', 'bob', 'carol', 'dora', 'erik'];
const MEMORY_TOTAL = 64 * GIB;
const CARD_TOTAL = 24 * GIB;
const CARD_USED = [1, 5, 12, 20].map((gib) => gib * GIB);

/**
 * What a member reads at `ts` as sample `seq` of run `boot_id`: always the same for the same name and time, so that who knows the
 * name of a sample can tell everything that must be in the database.
 */
export function reading({ server, cards, reboots_ms }: Member, boot_id: string, seq: number, ts: number): Reading {
  const r = random(hash(`${server}:${boot_id}:${seq}`));
  const booted = reboots_ms === null ? 1_600_000_000_000 : Math.floor(ts / reboots_ms) * reboots_ms;
  return {
    v: 1, server, ts, interval_ms: STEP_MS, uptime_s: (ts - booted) / 1000,
    cpu: Math.floor(r() * 1001) / 10,
    memory_total: MEMORY_TOTAL, memory_used: Math.floor(r() * MEMORY_TOTAL), hdd_total: 4e12, hdd_used: 1e12 + Math.floor(r() * 1e9),
    // Within a step's growth, so that the counters never fall but at a boot.
    network_in: (ts - booted) * 125 + Math.floor(r() * STEP_MS * 125), network_out: (ts - booted) * 50 + Math.floor(r() * STEP_MS * 50),
    user_num: Math.floor(r() * 10),
    gpus: Array.from({ length: cards }, (_, id) => ({
      id, memory_total: CARD_TOTAL, memory_used: CARD_USED[Math.floor(r() * CARD_USED.length)]!, utilization: 10 + Math.floor(r() * 91),
      processes: usersOf(r).map((user, i) => ({ pid: 1000 + i, user, memory_used: GIB })),
    })),
  };
}

/** None, one or two; a step divides by two in whole milliseconds. */
function usersOf(r: () => number): string[] {
  const first = Math.floor(r() * USERS.length);
  return [USERS[first]!, USERS[(first + 1) % USERS.length]!].slice(0, Math.floor(r() * 3));
}

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

function hash(text: string): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum >>> 0;
}
