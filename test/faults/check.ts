import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { PERIODS, expectedViews, type Figures, type Named, type Table } from './oracle.js';
import type { Member } from './source.js';

export type Sql = <T>(query: string) => Promise<T[]>;

export interface Published {
  /** Samples that a spool took. */
  readonly sure: readonly Named[];
  /** At most one for each time that a publisher was killed: begun, and nobody knows whether the spool had it yet. */
  readonly unsure: readonly Named[];
}

export interface Findings {
  readonly published: number;
  readonly rows: number;
  /** Published and not in the database, by server where a level has fewest. */
  readonly lost: number;
  /** In the database more than once, or never published, where a level has most. */
  readonly doubled: number;
  /** Sequence numbers that a run skips. */
  readonly holes: number;
  readonly set_aside: number;
  /** Figures of the views that are not those of the list. */
  readonly aggregates_wrong: number;
  readonly figures: number;
  /** By view: its rows, and its sum of samples where it counts them. */
  readonly views: readonly { readonly view: string; readonly rows: number; readonly samples: number | null; readonly wrong: number }[];
  /** What is wrong, in words; the first of it. */
  readonly examples: readonly string[];
}

export function readLists(folder: string): Published {
  const sure: Named[] = [];
  const unsure: Named[] = [];
  for (const file of readdirSync(folder)) {
    const server = file.slice(0, file.indexOf('.'));
    const lines = readFileSync(path.join(folder, file), 'utf8').split('\n');
    lines.forEach((line, i) => line && (i < lines.length - 1 ? sure : unsure).push(parse(server, line)));
  }
  return { sure, unsure };
}

function parse(server: string, line: string): Named {
  const [boot_id, seq, ts] = line.split(' ');
  return { server, boot_id: boot_id!, seq: Number(seq), ts: Number(ts) };
}

const nameOf = ({ server, boot_id, seq, ts }: Named): string => `${server} ${boot_id} ${seq} ${ts}`;

/** Compares the database with the list: sample by sample, level by level, figure by figure. */
export async function check(sql: Sql, list: Published, members: readonly Member[]): Promise<Findings> {
  const raw = await sql<Named>('SELECT server, boot_id, toUInt32(seq) AS seq, toUnixTimestamp64Milli(ts) AS ts FROM vacancy.server_samples');
  const stored = new Set(raw.map((row) => nameOf({ ...row, ts: Number(row.ts) })));
  const published = [...list.sure, ...list.unsure.filter((named) => stored.has(nameOf(named)))];
  const missing = published.filter((named) => !stored.has(nameOf(named)));
  const expected = expectedViews(published, members);
  const counts = await countsByServer(sql);
  const deltas = members.flatMap(({ server }) => {
    const should = published.filter((named) => named.server === server).length;
    return counts.map((level) => (level.get(server) ?? 0) - should);
  });
  const examples: string[] = missing.slice(0, 5).map((named) => `not in the database: ${nameOf(named)}`);
  const views = [];
  for (const [view, table] of expected) views.push(await compareView(sql, view, table, examples));
  const [{ n: set_aside }] = (await sql<{ n: number }>('SELECT count() AS n FROM vacancy.rejected_samples')) as [{ n: number }];
  return {
    published: published.length, rows: raw.length,
    lost: Math.max(missing.length, ...deltas.map((delta) => -delta)),
    doubled: Math.max(raw.length - (published.length - missing.length), ...deltas, 0),
    holes: holesIn(raw), set_aside: Number(set_aside),
    aggregates_wrong: views.reduce((all, { wrong }) => all + wrong, 0), figures: views.reduce((all, { figures }) => all + figures, 0),
    views, examples,
  };
}

/** Samples by server, in the raw view and as every level sums them up. */
async function countsByServer(sql: Sql): Promise<Map<string, number>[]> {
  const queries = ['SELECT server, count() AS n FROM vacancy.server_samples GROUP BY server', ...PERIODS.map((period) => `SELECT server, sum(samples) AS n FROM vacancy.servers_by_${period} GROUP BY server`)];
  const counts: Map<string, number>[] = [];
  for (const query of queries) counts.push(new Map((await sql<{ server: string; n: number }>(query)).map(({ server, n }) => [server, Number(n)])));
  return counts;
}

function holesIn(raw: readonly Named[]): number {
  const runs = new Map<string, Set<number>>();
  for (const { server, boot_id, seq } of raw) {
    const key = `${server} ${boot_id}`;
    runs.set(key, (runs.get(key) ?? new Set()).add(Number(seq)));
  }
  let holes = 0;
  for (const seqs of runs.values()) holes += [...seqs].reduce((most, seq) => Math.max(most, seq), 0) + 1 - seqs.size;
  return holes;
}

async function compareView(sql: Sql, view: string, expected: Table, examples: string[]) {
  const found = await readView(sql, view);
  let wrong = 0;
  let figures = 0;
  for (const [key, should] of expected) {
    const is = found.get(key);
    for (const [name, value] of Object.entries(should)) {
      figures++;
      if (is && isRight(name, is[name], value)) continue;
      wrong++;
      if (examples.length < 20) examples.push(`${view} ${key} ${name}: ${String(is?.[name])} instead of ${String(value)}`);
    }
  }
  for (const key of found.keys()) {
    if (expected.has(key)) continue;
    wrong++;
    if (examples.length < 20) examples.push(`${view} ${key}: nobody published this`);
  }
  const counted = [...found.values()].every((row) => row['samples'] !== undefined);
  return { view, rows: found.size, samples: counted ? [...found.values()].reduce((all, row) => all + row['samples']!, 0) : null, wrong, figures };
}

async function readView(sql: Sql, view: string): Promise<Table> {
  const keys = view.startsWith('users') ? ['user'] : view.startsWith('gpus') ? ['server', 'gpu'] : ['server'];
  const rows = await sql<Record<string, string | number | null>>(`SELECT toUnixTimestamp(bucket) * 1000 AS start, * EXCEPT bucket FROM vacancy.${view}`);
  return new Map(
    rows.map((row) => {
      const figures: Figures = {};
      for (const [name, value] of Object.entries(row)) if (!keys.includes(name) && name !== 'gpu_type') figures[name] = value === null ? null : Number(value);
      return [[row['start'], ...keys.map((key) => row[key])].join(' '), figures];
    }),
  );
}

/** The median is kept in half percents; sums of hours and means are sums of floating-point numbers in another order. */
function isRight(name: string, is: number | null | undefined, should: number | null): boolean {
  if (is === undefined || is === null || should === null) return is === should;
  if (name === 'cpu_median') return Math.abs(is - should) <= 0.5;
  return Math.abs(is - should) <= 1e-9 * Math.max(1, Math.abs(should));
}
