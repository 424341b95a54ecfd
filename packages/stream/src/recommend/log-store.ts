import { HOUR, type Hits, type HitsHour } from '@vacancy/shared';
import { isRetryable, type Database } from '../store/client.js';
import type { Batch } from './outbox.js';
import { JUDGED_AFTER_MS, type Pending } from './outcome.js';

/** What the log needs of the database. */
export interface RecommendationStore {
  insert(batch: Batch): Promise<void>;
  retryable(error: unknown): boolean;
  /** Recommendations of before `before` that were never judged, as far back as it is worth it. */
  pending(before: number): Promise<Pending[]>;
  hits(from: number, to: number): Promise<HitsHour[]>;
}

const PENDING = `
SELECT r.id AS id, toUnixTimestamp64Milli(r.ts) AS asked_ts, r.asked_by AS asked_by, r.ordering AS ordering, r.server AS server,
    r.steadiness AS steadiness, r.cards.id AS card_ids, r.cards.promised AS promised, r.cards.users AS users
FROM recommendations AS r FINAL
LEFT ANTI JOIN (SELECT id FROM recommendation_outcomes WHERE asked_ts >= fromUnixTimestamp64Milli({from: Int64})) AS o ON o.id = r.id
WHERE r.server != '' AND notEmpty(r.cards.id)
    AND r.ts >= fromUnixTimestamp64Milli({from: Int64}) AND r.ts < fromUnixTimestamp64Milli({before: Int64})
ORDER BY r.ts, r.id
LIMIT {limit: UInt32}`;

const HITS = `
SELECT toUnixTimestamp(bucket) * 1000 AS ts, asked, still_free, taken_by_asker, taken_by_other, gone, unknown, hit_rate
FROM recommendation_hits_by_hour
WHERE bucket >= toDateTime({from: UInt32}) AND bucket < toDateTime({to: UInt32})
ORDER BY bucket`;

/** How far back a restart looks for what it had not judged. Older ones would all be `unknown`. */
const LOOK_BACK_MS = 24 * HOUR;

export function clickhouseLog(db: Database): RecommendationStore {
  return {
    retryable: isRetryable,
    async insert({ table, rows, token }) {
      const clickhouse_settings = { async_insert: 0, insert_deduplication_token: token } as const;
      await db.client.insert({ table, values: [...rows], format: 'JSONEachRow', clickhouse_settings });
    },
    async pending(before) {
      const rows = await db.rows<PendingRow>(PENDING, { from: before - LOOK_BACK_MS - JUDGED_AFTER_MS, before, limit: MAX_PENDING });
      return rows.map(toPending);
    },
    hits: (from, to) => db.rows<HitsHour>(HITS, { from: Math.floor(from / 1000), to: Math.ceil(to / 1000) }),
  };
}

export const MAX_PENDING = 10_000;

interface PendingRow extends Omit<Pending, 'cards'> {
  readonly card_ids: number[];
  readonly promised: number[];
  readonly users: string[][];
}

function toPending({ card_ids, promised, users, ...row }: PendingRow): Pending {
  return { ...row, cards: card_ids.map((id, at) => ({ id, promised: promised[at] ?? 0, users: users[at] ?? [] })) };
}

/** The sum of hours. */
export function totalHits(hours: readonly HitsHour[]): Hits['total'] {
  const total = { asked: 0, still_free: 0, taken_by_asker: 0, taken_by_other: 0, gone: 0, unknown: 0 };
  for (const hour of hours) for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += hour[key];
  const known = total.asked - total.unknown;
  return { ...total, hit_rate: known > 0 ? (total.still_free + total.taken_by_asker) / known : null };
}
