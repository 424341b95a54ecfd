import { DAY, MINUTE, SECOND, type Alert, type LiveRow, type Millis } from '@vacancy/shared';

export type ConditionKind = Exclude<Alert['kind'], 'server_online' | 'wish_granted'>;

/** Something that is wrong, for as long as it is. */
export interface Condition {
  readonly kind: ConditionKind;
  /** Null for the service itself. */
  readonly server: string | null;
  readonly since: Millis;
  readonly data: Readonly<Record<string, string | number>>;
}

/** What a row alone does not tell: how it was before. */
export interface Memory {
  /** When each card was last reported. */
  readonly cards: ReadonlyMap<number, Millis>;
  /** The agent's count of dropped samples, how many it dropped of late, and when it last rose. */
  readonly dropped: { readonly count: number; readonly lately: number; readonly since: Millis; readonly ts: Millis } | null;
  /** Since when the disk has been nearly full; null while it is not. */
  readonly disk_since: Millis | null;
  readonly skewed_since: Millis | null;
}

export const NOTHING: Memory = { cards: new Map(), dropped: null, disk_since: null, skewed_since: null };

/** Percent. It must empty somewhat before it counts as having room again, or a log file would make it come and go. */
const DISK_FULL = 95;
const DISK_ROOM = 93;
const CLOCK_OFF_MS = MINUTE;
/** A card may be left out of some samples while its tool is started again. */
const CARD_MISSED_MS = MINUTE;
/** Who takes a card out for good need not hear of it for ever. */
const CARD_FORGOTTEN_MS = DAY;
const DROPPED_STANDS_MS = 10 * MINUTE;

export function remember(before: Memory, row: LiveRow, now: Millis): Memory {
  if (!row.online) return before;
  const cards = new Map([...before.cards].filter(([, ts]) => now - ts <= CARD_FORGOTTEN_MS));
  for (const { id } of row.gpus) cards.set(id, now);
  const full = row.hdd_rate !== null && row.hdd_rate >= (before.disk_since === null ? DISK_FULL : DISK_ROOM);
  const skewed = row.clock_skewed || Math.abs(row.health?.clock_offset_ms ?? 0) > CLOCK_OFF_MS;
  return {
    cards,
    dropped: droppedNow(before.dropped, row.health?.spool_dropped ?? 0, now),
    disk_since: full ? (before.disk_since ?? now) : null,
    skewed_since: skewed ? (before.skewed_since ?? now) : null,
  };
}

/** A count that fell is an agent's that was started again. */
function droppedNow(before: Memory['dropped'], count: number, now: Millis): Memory['dropped'] {
  if (!before) return { count, lately: 0, since: now, ts: -Infinity };
  const more = count >= before.count ? count - before.count : count;
  if (more === 0) return { ...before, count };
  const stands = now - before.ts <= DROPPED_STANDS_MS;
  return { count, lately: more + (stands ? before.lately : 0), since: stands ? before.since : now, ts: now };
}

/** What is wrong with a server. Of one that is offline nothing else is known any more. */
export function conditionsOf(row: LiveRow, { cards, dropped, disk_since, skewed_since }: Memory, now: Millis): Condition[] {
  const { server, name } = row;
  if (!row.online) return [{ kind: 'server_offline', server, since: row.offline_since ?? now, data: { name } }];
  const found: Condition[] = [];
  const missing = [...cards].filter(([, ts]) => now - ts > CARD_MISSED_MS).sort(([a], [b]) => a - b);
  if (missing.length > 0) {
    found.push({ kind: 'gpu_missing', server, since: Math.min(...missing.map(([, ts]) => ts)), data: { name, cards: missing.map(([id]) => id).join(',') } });
  }
  if (disk_since !== null) found.push({ kind: 'disk_nearly_full', server, since: disk_since, data: { name, hdd_rate: Math.round(row.hdd_rate! * 10) / 10 } });
  if (skewed_since !== null) {
    const offset = row.health?.clock_offset_ms;
    found.push({ kind: 'clock_skewed', server, since: skewed_since, data: { name, ...(offset !== undefined && { clock_offset_ms: Math.round(offset) }) } });
  }
  if (dropped && now - dropped.ts <= DROPPED_STANDS_MS) found.push({ kind: 'spool_dropped', server, since: dropped.since, data: { name, dropped: dropped.lately } });
  return found;
}

export interface ServiceLag {
  /** How far the screen is behind the broker, ms. */
  readonly lag_ms: number;
  /** How far the database is, ms; null when nobody knows. */
  readonly store_lag_ms: number | null;
}

const LAG_MS = 30 * SECOND;
/** A database that is away for some minutes is caught up with; for longer, somebody should look. */
const STORE_LAG_MS = 5 * MINUTE;

export function conditionsOfService({ lag_ms, store_lag_ms }: ServiceLag, now: Millis): Condition[] {
  if (lag_ms >= LAG_MS) return [{ kind: 'lagging', server: null, since: now - lag_ms, data: { of: 'screen', lag_ms: Math.round(lag_ms) } }];
  if (store_lag_ms !== null && store_lag_ms >= STORE_LAG_MS) return [{ kind: 'lagging', server: null, since: now - store_lag_ms, data: { of: 'database', lag_ms: Math.round(store_lag_ms) } }];
  return [];
}
