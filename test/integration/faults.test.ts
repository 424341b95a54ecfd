import { describe, expect, it } from 'vitest';
import { check, type Sql } from '../faults/check.js';
import { expectedViews, type Named } from '../faults/oracle.js';
import { runFaults } from '../faults/run.js';
import { STEP_MS, type Member } from '../faults/source.js';
import { table } from '../faults/table.js';

// The fault suite in its short form; docs/reliability.md has the long one. The seed of a failure repeats its faults.
const seed = Number(process.env['VACANCY_TEST_SEED'] ?? 1 + (Date.now() % 999_999));

it(`every sample is stored once and every figure is right, whatever is killed (seed ${seed})`, { timeout: 400_000 }, async () => {
  const outcome = await runFaults({ kills: 5, seed, away_ms: 0, source: true, say: () => {} });
  console.log(table(outcome));
  expect(outcome.examples).toEqual([]);
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, holes: 0, set_aside: 0, aggregates_wrong: 0 });
  expect(outcome.published).toBeGreaterThan(500);
});

describe('the check itself', () => {
  const members: Member[] = [{ server: 'f0', cards: 2, reboots_ms: 1_000, shift_ms: 0 }, { server: 'f1', cards: 1, reboots_ms: null, shift_ms: 0 }];
  const list: Named[] = members.flatMap(({ server }) => Array.from({ length: 100 }, (_, seq) => ({ server, boot_id: 'b', seq, ts: 1_790_000_000_000 + seq * STEP_MS })));
  const found = (rows: readonly Named[]) => check(databaseOf(rows, members), { sure: list, unsure: [] }, members);

  it('finds nothing where everything is there once', async () => {
    expect(await found(list)).toMatchObject({ published: 200, lost: 0, doubled: 0, holes: 0, aggregates_wrong: 0 });
  });
  it('finds one sample that is missing, by itself and in the figures', async () => {
    const findings = await found(list.filter((_, i) => i !== 50));
    expect(findings).toMatchObject({ lost: 1, doubled: 0, holes: 1 });
    expect(findings.aggregates_wrong).toBeGreaterThan(0);
  });
  it('finds one sample that is there twice, and one that nobody published', async () => {
    expect(await found([...list, list[7]!])).toMatchObject({ lost: 0, doubled: 1 });
    expect(await found([...list, { ...list[7]!, seq: 100 }])).toMatchObject({ lost: 0, doubled: 1 });
  });
  it('takes a sample that was begun when its publisher was killed as it is found', async () => {
    const last = list.at(-1)!;
    const published = { sure: list.slice(0, -1), unsure: [last] };
    expect(await check(databaseOf(list, members), published, members)).toMatchObject({ published: 200, lost: 0, doubled: 0, aggregates_wrong: 0 });
    expect(await check(databaseOf(list.slice(0, -1), members), published, members)).toMatchObject({ published: 199, lost: 0, doubled: 0, aggregates_wrong: 0 });
  });
});

/** Answers as a database that holds these rows. */
function databaseOf(rows: readonly Named[], members: readonly Member[]): Sql {
  const views = expectedViews(rows, members);
  const counts = members.map(({ server }) => ({ server, n: rows.filter((row) => row.server === server).length }));
  return async <T>(query: string): Promise<T[]> => {
    if (query.includes('rejected_samples')) return [{ n: 0 }] as T[];
    if (query.includes('GROUP BY server')) return counts as T[];
    if (query.includes('server_samples')) return [...rows] as T[];
    const view = [...views.keys()].find((name) => query.endsWith(name))!;
    return [...views.get(view)!].map(([key, figures]) => {
      const [start, first, gpu] = key.split(' ');
      return { start, ...(view.startsWith('users') ? { user: first } : { server: first }), ...(gpu !== undefined && { gpu }), ...figures } as T;
    });
  };
}
