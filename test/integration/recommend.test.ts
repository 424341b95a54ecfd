import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '@vacancy/shared';
import { silentLog } from '../../packages/stream/src/log.js';
import { NOW, card, row } from '../../packages/stream/src/recommend/fixture.js';
import { RecommendationLog } from '../../packages/stream/src/recommend/log.js';
import { clickhouseLog, totalHits } from '../../packages/stream/src/recommend/log-store.js';
import { recommend } from '../../packages/stream/src/recommend/rank.js';
import { LIKE_SERVER } from '../../packages/stream/src/recommend/request.js';
import { openDatabase, type Database } from '../../packages/stream/src/store/client.js';
import { migrate } from '../../packages/stream/src/store/migrate.js';
import { defaultSettings } from '../../packages/stream/src/store/settings.js';
import { startTestEngine, type TestEngine } from '../harness/clickhouse.js';

let engine: TestEngine;
let db: Database;

beforeAll(async () => {
  engine = await startTestEngine();
  db = openDatabase({ url: engine.url, username: engine.username, password: engine.password, database: `recommend` });
  await migrate(db, defaultSettings({ timezone: 'Asia/Kathmandu' }));
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
});

const fleet = (now: number, over = {}) => new Map([['a', row('a', [card(0, over), card(1, { memory_free: 1024 })], { last_ts: now })]]);
const START = Math.floor(NOW / HOUR) * HOUR + 40 * MINUTE;

function ask(log: RecommendationLog, now: number, by: string): string {
  const id = randomUUID();
  const rows = fleet(now);
  log.answered(id, { ...LIKE_SERVER, model: "x' OR 1=1", exclude: new Set(['b']) }, by, { ...recommend(rows.values(), LIKE_SERVER, now) }, rows.get('a'));
  return id;
}

describe('recommendations in the database', () => {
  it('are stored with what was true, judged once across a restart, and counted by local hour', async () => {
    const store = clickhouseLog(db);
    const first = new RecommendationLog({ store, log: silentLog }, START);
    const judged = ask(first, START, 'alice');
    const left = ask(first, START + 9 * MINUTE, '');
    await first.flush();
    first.tick(fleet(START + 10 * MINUTE, { users: ['alice'], memory_free: 0 }), START + 10 * MINUTE);
    await first.flush();

    expect(await db.rows('SELECT asked_by, server, model, excluded, cards.id AS ids, cards.users AS users, cards.promised AS promised, toUnixTimestamp64Milli(ts) AS ms FROM recommendations WHERE id = {id: UUID}', { id: judged })).toEqual([
      { asked_by: 'alice', server: 'a', model: "x' OR 1=1", excluded: ['b'], ids: [0], users: [[]], promised: [Math.floor(0.9 * 12 * 2 ** 30)], ms: START },
    ]);
    expect(await store.pending(START + DAY)).toMatchObject([{ id: left, asked_ts: START + 9 * MINUTE, server: 'a', cards: [{ id: 0, users: [] }] }]);

    const second = new RecommendationLog({ store, log: silentLog }, START + 15 * MINUTE);
    second.tick(fleet(START + 15 * MINUTE), START + 15 * MINUTE);
    await expect.poll(() => second.status().pending).toBe(1);
    for (const late of [19, 19.1, 19.2]) {
      second.tick(fleet(START + late * MINUTE), START + late * MINUTE);
      await second.flush();
    }
    expect(await db.rows('SELECT toString(id) AS id, outcome FROM recommendation_outcomes ORDER BY asked_ts')).toEqual([
      { id: judged, outcome: 'taken_by_asker' },
      { id: left, outcome: 'still_free' },
    ]);
    expect(await store.pending(START + DAY)).toEqual([]);
  });

  it('have a hit rate by the hour of the place', async () => {
    // Kathmandu is 5:45 ahead: its hours begin at a quarter past UTC's.
    const hours = await clickhouseLog(db).hits(START - DAY, START + DAY);
    expect(hours).toEqual([{ ts: START - 25 * MINUTE, asked: 2, still_free: 1, taken_by_asker: 1, taken_by_other: 0, gone: 0, unknown: 0, hit_rate: 1 }]);
    expect(totalHits(hours)).toMatchObject({ asked: 2, hit_rate: 1 });
  });

  it('are stored once when the answer to an insert was lost', async () => {
    const store = clickhouseLog(db);
    const log = new RecommendationLog({ store: { ...store, insert: async (batch) => { await store.insert(batch); await store.insert(batch); } }, log: silentLog }, START + DAY);
    const id = ask(log, START + DAY, 'carol');
    await log.flush();
    expect(await db.rows('SELECT count() AS stored FROM recommendations WHERE id = {id: UUID}', { id })).toEqual([{ stored: 1 }]);
  });
});
