import type { StreamInfo } from '@nats-io/jetstream';
import { HOUR } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Database } from './client.js';
import type { Batch, Found } from './journal.js';
import { Ledger, type LedgerState } from './ledger.js';
import { identityOf } from '../ingest/streams.js';
import type { Position } from './pull.js';

/**
 * Where to go on in the stream. `after` is what the journal or the database says; the stream may have changed since:
 * made anew (begin at its start: the ledger knows what was stored), cut off at its end by a broker that lost power (go on at
 * the end that is left), or beyond what it still keeps (what was discarded is lost, and is said).
 */
export function positionIn(info: StreamInfo, after: Position | undefined, log: Log): Position {
  const stream = identityOf(info);
  const { last_seq } = info.state;
  const first_seq = Math.max(1, info.state.first_seq); // 0 while the stream has never held a message
  if (after?.stream !== stream) {
    if (after) log.warn({ was: after.stream, is: stream }, 'the stream was made anew: reading it from its start');
    return { stream, seq: first_seq - 1 };
  }
  if (after.seq > last_seq) log.warn({ position: after.seq, last_seq }, 'the broker lost the end of its stream');
  if (after.seq < first_seq - 1) log.error({ lost: first_seq - 1 - after.seq }, 'the stream discarded messages before they were stored');
  return { stream, seq: Math.max(first_seq - 1, Math.min(after.seq, last_seq)) };
}

export const positionOf = ({ batch }: Found): Position => ({ stream: batch.stream, seq: batch.to });

/** Without a journal the database itself says how far it got: every row names the end of its batch. */
export async function positionFromRows(db: Database): Promise<Position | undefined> {
  const [row] = await db.rows<{ stream: string; seq: number }>(
    "SELECT stream, max(batch) AS seq FROM samples WHERE stream != '' GROUP BY stream ORDER BY max(received_ts) DESC LIMIT 1",
  );
  return row;
}

export async function isMade(db: Database): Promise<boolean> {
  return (await db.rows("SELECT name FROM system.tables WHERE database = {db:String} AND name = 'samples'", { db: db.name })).length > 0;
}

/**
 * What of the journal still counts, beside what the database says. Where another service went on storing meanwhile, the database knows
 * the position, and the last batch is sent again only if a part of it came to be: else the other one has read its messages.
 */
export async function trusted(db: Database, found: Found | undefined, rows: Position | undefined): Promise<{ journal?: Found; unsure?: Batch }> {
  if (!found) return {};
  const overtaken = rows !== undefined && !(rows.stream === found.batch.stream && rows.seq <= found.batch.to);
  const unsure = !found.clean && (!overtaken || (await isStored(db, found.batch)));
  return { ...(!overtaken && { journal: found }), ...(unsure && { unsure: found.batch }) };
}

async function isStored(db: Database, { stream, to }: Batch): Promise<boolean> {
  const [row] = await db.rows<{ n: number }>('SELECT count() AS n FROM samples WHERE stream = {stream:String} AND batch = {to:UInt64}', { stream, to });
  return row!.n > 0;
}

/** How far back a lost ledger is made again from the rows: what a broker or an agent may still send twice. */
const REMEMBERED_MS = 6 * HOUR;

/** The edges of the runs of consecutive samples, from the rows that arrived lately. */
export async function ledgerFromRows(db: Database, now: number): Promise<LedgerState> {
  const edges = await db.rows<EdgeRow>(
    `SELECT server, boot_id, seq, ts, uptime_s, network_in, network_out, timed, before != seq - 1 OR at = 1 AS opens, after != seq + 1 OR at = total AS closes
     FROM (
       SELECT server, boot_id, seq, toUnixTimestamp64Milli(s.ts) AS ts, uptime_s, network_in, network_out,
         -- What stands for the observed time may be its default: only another time is sure to be one that was kept.
         network_up_known_ms != interval_ms OR network_down_known_ms != interval_ms AS timed,
         lagInFrame(seq) OVER w AS before, leadInFrame(seq) OVER w AS after, row_number() OVER w AS at, count() OVER (PARTITION BY server, boot_id) AS total
       FROM samples AS s
       WHERE received_ts >= fromUnixTimestamp64Milli({since:Int64})
       WINDOW w AS (PARTITION BY server, boot_id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
     )
     WHERE opens OR closes
     ORDER BY server, boot_id, seq`,
    { since: now - REMEMBERED_MS },
  );
  return Ledger.fromEdges(edges);
}

export interface EdgeRow {
  readonly server: string;
  readonly boot_id: string;
  readonly seq: number;
  readonly ts: number;
  readonly uptime_s: number;
  readonly network_in: number;
  readonly network_out: number;
  readonly timed: 0 | 1;
  readonly opens: 0 | 1;
  readonly closes: 0 | 1;
}
