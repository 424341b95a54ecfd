import { DateTime } from 'luxon';
import type { Period, Report, ReportListItem } from '@vacancy/shared';
import type { Database } from '../store/client.js';
import { previousSpan, type Span } from './period.js';

export interface Stored {
  readonly report: Report;
  /** Fingerprint of what it was made of, or of what was last found to make no difference. */
  readonly inputs: string;
  readonly made_by: string;
}

/** What is known of a stored report without its body. */
export interface Known {
  readonly period: Period;
  readonly start: string;
  readonly revision: number;
  readonly formula: number;
  readonly inputs: string;
  readonly late: boolean;
  /** The inputs as they were found when it was marked late. */
  readonly found: string;
}

/** The newest mark of each revision. */
const MARKS = `
SELECT m.period AS period, m.start AS start, m.revision AS revision, argMax(m.late, m.ts) AS late, argMax(m.inputs, m.ts) AS found, argMaxIf(m.inputs, m.ts, NOT m.late) AS accepted
FROM report_marks AS m
WHERE m.period = {period: String} AND m.start >= toDate32({since: String})
GROUP BY period, start, revision`;

const NEWEST = `
FROM reports AS r
LEFT JOIN (${MARKS}) AS m ON m.period = r.period AND m.start = r.start AND m.revision = r.revision
WHERE r.period = {period: String} AND r.start >= toDate32({since: String})`;

// The condition on the key stays outside the join: with it one row of the table is read, not all of its bodies.
const READ = `
SELECT r.report AS report, r.inputs AS inputs, r.made_by AS made_by FROM reports AS r
WHERE r.period = {period: String} AND r.start = toDate32({start: String}) AND ({revision: UInt32} = 0 OR r.revision = {revision: UInt32})
ORDER BY r.revision DESC, r.generated_at, r.made_by LIMIT 1`;

const READ_MARKS = `
SELECT m.revision AS revision, argMax(m.late, m.ts) AS late, argMaxIf(m.inputs, m.ts, NOT m.late) AS accepted
FROM report_marks AS m
WHERE m.period = {period: String} AND m.start = toDate32({start: String})
GROUP BY revision`;

/** The closed reports, whole, every revision of them. */
export class ReportStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Newest first, the newest revision of each. */
  async list(period: Period, limit: number): Promise<ReportListItem[]> {
    const sql = `
SELECT r.period AS period, toString(r.start) AS start, toString(r.end) AS end, r.revision AS revision, toUnixTimestamp64Milli(r.generated_at) AS generated_at, r.coverage AS coverage, m.late AS late
${NEWEST}
ORDER BY r.start DESC, r.revision DESC, r.generated_at LIMIT 1 BY r.start LIMIT {limit: UInt32}`;
    const rows = await this.#db.rows<ReportListItem & { late: unknown }>(sql, { period, since: EVER, limit });
    return rows.map((row) => ({ ...row, late: Boolean(row.late) }));
  }

  /** What is known of the reports that begin on `since` or later. */
  async known(period: Period, since: string): Promise<Known[]> {
    const sql = `
SELECT r.period AS period, toString(r.start) AS start, r.revision AS revision, r.formula AS formula, if(m.accepted = '', r.inputs, m.accepted) AS inputs, m.late AS late, m.found AS found
${NEWEST}
ORDER BY r.start DESC, r.revision DESC, r.generated_at LIMIT 1 BY r.start`;
    const rows = await this.#db.rows<Known & { late: unknown }>(sql, { period, since });
    return rows.map((row) => ({ ...row, late: Boolean(row.late) }));
  }

  /** The newest revision unless another one is asked for. */
  async read(period: Period, start: string, revision = 0): Promise<Stored | null> {
    const [[row], marks] = await Promise.all([
      this.#db.rows<{ report: string; inputs: string; made_by: string }>(READ, { period, start, revision }),
      this.#db.rows<{ revision: number; late: unknown; accepted: string }>(READ_MARKS, { period, start }),
    ]);
    if (!row) return null;
    const report = JSON.parse(row.report) as Report;
    const mark = marks.find((other) => other.revision === report.revision);
    return { report: { ...report, late: Boolean(mark?.late) }, inputs: mark?.accepted || row.inputs, made_by: row.made_by };
  }

  /** Keeps a revision, unless another instance was quicker. @returns what is kept now, whoever made it */
  async write(report: Report, inputs: string, made_by: string): Promise<Stored> {
    const { period, start, end, revision, timezone, formula, coverage, generated_at } = report;
    const row = { period, start, end, revision, timezone, formula, coverage, generated_at: utc(generated_at), inputs, made_by, report: JSON.stringify(report) };
    await insertOnce(this.#db, 'reports', row, `report:${period}:${start}:${revision}`);
    return (await this.read(period, start, revision))!;
  }

  /** Notes that a report's inputs are others now: `late` when it has yet to be made anew, else that no figure changed. */
  async mark(period: Period, start: string, revision: number, inputs: string, late: boolean, now: number): Promise<void> {
    await insertOnce(this.#db, 'report_marks', { period, start, revision, inputs, late, ts: utc(now) }, `mark:${period}:${start}:${revision}:${inputs}:${String(late)}:${now}`);
  }
}

/** Before every report. */
const EVER = '1970-01-01';

/** As a `DateTime64(3, 'UTC')` is written: a number with a fraction is not read. */
const utc = (ts: number): string => new Date(ts).toISOString().slice(0, -1).replace('T', ' ');

/** Inserts one row, unless one with this token is there. */
export async function insertOnce(db: Database, table: string, row: Record<string, unknown>, token: string): Promise<void> {
  await db.client.insert({ table, values: [row], format: 'JSONEachRow', clickhouse_settings: { async_insert: 0, insert_deduplicate: 1, insert_deduplication_token: token } });
}

// Sums of whole numbers alone: they are the same in whatever order the engine adds.
const DAYS = `
SELECT toUnixTimestamp(day) * 1000 AS ts, toString(groupBitXor(cityHash64(server, day, samples, observed_ms, up, down, gpu_samples, free8g, used10pct))) AS hash
FROM
(
    SELECT
        t.server AS server,
        t.bucket AS day,
        sum(t.samples) AS samples,
        sum(t.observed_ms) AS observed_ms,
        sum(t.network_up_total) AS up,
        sum(t.network_down_total) AS down,
        sum(t.gpu_samples) AS gpu_samples,
        sum(arraySum(mapValues(t.gpu_free8g_ms))) AS free8g,
        sum(arraySum(mapValues(t.gpu_used10pct_ms))) AS used10pct
    FROM servers_day AS t
    WHERE t.bucket >= toDateTime({from: UInt32}) AND t.bucket < toDateTime({to: UInt32})
    GROUP BY server, day
)
GROUP BY day`;

/** A fingerprint of each local day of the archives, by its start in Unix ms: late samples, corrections and rebuilds change it. */
export type Days = ReadonlyMap<number, bigint>;

export async function readDays(db: Database, from: number, to: number): Promise<Days> {
  const rows = await db.rows<{ ts: number; hash: string }>(DAYS, { from: from / 1000, to: to / 1000 });
  return new Map(rows.map((row) => [row.ts, BigInt(row.hash)]));
}

/** The fingerprint of what a report is made of: the days of its period and of the one before. */
export function inputsOf(span: Span, days: Days): string {
  const { from } = previousSpan(span);
  let hash = 0n;
  for (const [ts, day] of days) if (ts >= from && ts < span.to) hash ^= day;
  return hash.toString(16);
}

/** The first local day of the archives, Unix ms; null while they are empty. */
export async function firstDay(db: Database): Promise<number | null> {
  const [row] = await db.rows<{ ts: number; days: number }>('SELECT toUnixTimestamp(min(t.bucket)) * 1000 AS ts, count() AS days FROM servers_day AS t WHERE t.samples > 0');
  return row!.days > 0 ? row!.ts : null;
}

export const dateOf = (ts: number, timezone: string): string => DateTime.fromMillis(ts, { zone: timezone }).toISODate()!;
