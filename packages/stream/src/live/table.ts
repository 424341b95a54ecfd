import { DEFAULT_IDLE, MINUTE, SECOND, type IdleThresholds, type Inventory, type LiveGpu, type LiveRow, type Millis } from '@vacancy/shared';
import { increase } from '../ingest/counters.js';
import type { Received } from '../ingest/decode.js';
import { emptyServerWindows, type ServerWindows } from '../windows/index.js';
import { toRow, type Known } from './row.js';

export interface LiveTableOptions {
  readonly idle?: IdleThresholds;
  /** Who holds a card at this moment. */
  readonly held?: (server: string, gpu: number) => LiveGpu['held'];
}

interface Entry {
  sample: Received;
  /** The newest arrival of any sample: a backfill shows that the agent is alive too. */
  received_ts: Millis;
  rates: Known['rates'];
  /** Event time of the newest sample before `sample`: what the rates start from. */
  before_ts: Millis;
  windows: ServerWindows;
  online: boolean;
  offline_since: Millis | null;
  row: LiveRow | null;
}

/** A server is online while its samples keep coming: at most three of its intervals late, and never less than five seconds. */
export const silenceAllowed = (interval_ms: number): number => Math.max(3 * interval_ms, 5 * SECOND);

/** A name counts as present for a minute after it was last reported. */
const USER_SEEN = MINUTE;

/**
 * The in-memory table of server status: the newest reading of every server with its windows.
 *
 * Rows are made when somebody asks, not when a sample arrives, so that a burst of old samples costs next to nothing here.
 * Offline servers stay with their last values. The time is always told, never asked for.
 */
export class LiveTable {
  readonly #entries = new Map<string, Entry>();
  readonly #inventories = new Map<string, Inventory>();
  readonly #changed = new Set<string>();
  readonly #users = new Map<string, Map<string, Millis>>();
  readonly #idle: IdleThresholds;
  readonly #held: (server: string, gpu: number) => LiveGpu['held'];

  constructor({ idle = DEFAULT_IDLE, held = () => null }: LiveTableOptions = {}) {
    this.#idle = idle;
    this.#held = held;
  }

  record(sample: Received): void {
    this.#seeUsers(sample);
    const entry = this.#entries.get(sample.server);
    if (!entry) {
      this.#entries.set(sample.server, {
        sample, received_ts: sample.received_ts, rates: null, before_ts: -Infinity, windows: emptyServerWindows(), online: false, offline_since: null, row: null,
      });
      this.#touch(sample.server);
      return;
    }
    entry.received_ts = Math.max(entry.received_ts, sample.received_ts);
    if (sample.ts > entry.sample.ts) {
      entry.rates = rates(entry.sample, sample);
      entry.before_ts = entry.sample.ts;
      entry.sample = sample;
    } else if (sample.ts > entry.before_ts && sample.ts < entry.sample.ts) {
      // Between the two: after a restart the newest sample comes first, and what it is compared with after it.
      entry.rates = rates(sample, entry.sample);
      entry.before_ts = sample.ts;
    } else return;
    this.#touch(sample.server);
  }

  describe(inventory: Inventory): void {
    this.#inventories.set(inventory.server, inventory);
    this.#touch(inventory.server);
  }

  setWindows(server: string, windows: ServerWindows): void {
    const entry = this.#entries.get(server);
    if (!entry) return;
    entry.windows = windows;
    this.#touch(server);
  }

  /** Sees who came and who went by `now`; tells whether anybody did. */
  expire(now: Millis): boolean {
    let turned = false;
    for (const [server, entry] of this.#entries) {
      const online = now - entry.received_ts <= silenceAllowed(entry.sample.interval_ms);
      // One that was never seen online is offline since it was last heard of.
      if (online === entry.online && (online || entry.offline_since !== null)) continue;
      turned ||= online !== entry.online;
      entry.online = online;
      entry.offline_since = online ? null : entry.received_ts;
      this.#touch(server);
    }
    return turned;
  }

  /** The newest sample of every server, or of those alone that are silent. */
  newest(of: 'all' | 'silent'): Received[] {
    return [...this.#entries.values()].filter(({ online }) => of === 'all' || !online).map(({ sample, received_ts }) => ({ ...sample, received_ts }));
  }

  /** The servers whose row may have changed since the last call. */
  takeChanged(): string[] {
    const changed = [...this.#changed].filter((server) => this.#entries.has(server));
    this.#changed.clear();
    return changed;
  }

  get size(): number {
    return this.#entries.size;
  }

  row(server: string): LiveRow | null {
    const entry = this.#entries.get(server);
    if (!entry) return null;
    entry.row ??= toRow(
      { ...entry, inventory: this.#inventories.get(server) ?? null },
      { idle: this.#idle, held: this.#held },
    );
    return entry.row;
  }

  /** All rows, by id. */
  rows(): LiveRow[] {
    return [...this.#entries.keys()].sort().map((server) => this.row(server)!);
  }

  inventory(server: string): Inventory | null {
    return this.#inventories.get(server) ?? null;
  }

  /** Names seen on online servers in the last minute; servers that report no names add their number of users. */
  userNum(now: Millis): number | null {
    const names = new Set<string>();
    let nameless: number | null = null;
    for (const [server, entry] of this.#entries) {
      if (!entry.online) continue;
      const seen = this.#users.get(server);
      if (seen) for (const [name, ts] of seen) if (now - ts <= USER_SEEN) names.add(name);
      if (!seen && entry.sample.user_num !== undefined) nameless = (nameless ?? 0) + entry.sample.user_num;
    }
    return names.size > 0 || nameless !== null ? names.size + (nameless ?? 0) : null;
  }

  #touch(server: string): void {
    this.#changed.add(server);
    const entry = this.#entries.get(server);
    if (entry) entry.row = null;
  }

  #seeUsers(sample: Received): void {
    const names = [...(sample.users ?? []), ...sample.gpus.flatMap((gpu) => (gpu.processes ?? []).flatMap((process) => process.user ?? []))];
    if (names.length === 0 && sample.users === undefined) return;
    const seen = this.#users.get(sample.server) ?? new Map<string, Millis>();
    for (const name of names) seen.set(name, Math.max(seen.get(name) ?? 0, sample.ts));
    for (const [name, ts] of seen) if (sample.ts - ts > USER_SEEN) seen.delete(name);
    this.#users.set(sample.server, seen);
  }
}

function rates(before: Received, after: Received): Known['rates'] {
  const of = increase(before, after);
  return { network_up: rate(of.network_up_bytes, of.network_up_known_ms), network_down: rate(of.network_down_bytes, of.network_down_known_ms) };
}

const rate = (bytes: number, ms: number): number | null => (ms > 0 ? (bytes * SECOND) / ms : null);
