import { DAY, MINUTE, SECOND, type LiveGpu, type LiveRow } from '@vacancy/shared';
import type { Log } from '../log.js';
import { cardKeys } from './card-keys.js';
import { Gaps, type GapsState } from './gaps.js';
import type { Keeper } from '../keeper.js';
import { isFresh } from './rank.js';

/** Watches cards and says how sure it is that one stays as free as it is for the next ten minutes. */
export interface Steadiness {
  observe(rows: readonly LiveRow[], now: number): void;
  /** That `promised` bytes stay free, 0–1; `null` without enough history. */
  of(server: string, card: LiveGpu, promised: number): number | null;
  save(): Promise<void>;
}

/** Knows nothing. */
export const noSteadiness: Steadiness = { observe() {}, of: () => null, save: async () => {} };

const LOOK_EVERY_MS = 30 * SECOND;
/** Called once a second, all servers have had their turn after so many calls, well within the time between two looks. */
const CALLS_A_ROUND = 20;
const SAVE_EVERY_MS = 10 * MINUTE;

/** Learns from the live table, twice a minute, and keeps what it learned across restarts. */
export async function createSteadiness(keeper: Keeper<GapsState>, log: Log): Promise<Steadiness> {
  const gaps = new Gaps((await keeper.load()) ?? undefined);
  const keyOf = cardKeys();
  const looked = new Map<string, number>();
  let saved = -Infinity;
  const save = (): Promise<void> => keeper.save(gaps.state()).catch((error: unknown) => log.error({ err: error }, 'what was learned of gaps cannot be saved'));
  return {
    observe(rows, now) {
      // Spread over the calls, so that none of them is long however many servers there are.
      let turns = Math.ceil(rows.length / CALLS_A_ROUND);
      for (const row of rows) {
        if (turns === 0) break;
        if (now - (looked.get(row.server) ?? -Infinity) < LOOK_EVERY_MS || !row.online || !isFresh(row, now)) continue;
        looked.set(row.server, now);
        turns--;
        for (const card of row.gpus) gaps.observe(keyOf(row.server, card.id), card, now);
      }
      if (now - saved < SAVE_EVERY_MS) return;
      saved = now;
      gaps.forget(now - DAY);
      for (const [server, ts] of looked) if (ts < now - DAY) looked.delete(server);
      void save();
    },
    of: (server, card, promised) => gaps.chance(keyOf(server, card.id), (card.memory_free - promised) / card.memory_total),
    save,
  };
}

/** For the state file: what another version wrote is not understood. */
export const isGapsState = (value: unknown): value is GapsState =>
  typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'rates' in value && 'factors' in value && 'periods' in value;
