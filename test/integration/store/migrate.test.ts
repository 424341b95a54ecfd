import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestEngine, type TestEngine } from '../../harness/clickhouse.js';
import { openDatabase } from '../../../packages/stream/src/store/client.js';
import { MigrationError, migrate } from '../../../packages/stream/src/store/migrate.js';
import { DEFAULT_RETENTION, defaultSettings } from '../../../packages/stream/src/store/settings.js';

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

const open = (database: string) => openDatabase({ ...engine, database });

describe('migrations', () => {
  it('apply each file once', async () => {
    await using db = open('twice');
    const settings = defaultSettings({ timezone: 'Asia/Kathmandu' });
    expect((await migrate(db, settings))[0]).toBe('001_samples.sql');
    expect(await migrate(db, settings)).toEqual([]);
  });

  it('refuse another time zone with a sentence that names the way out', async () => {
    await using db = open('zones');
    await migrate(db, defaultSettings({ timezone: 'UTC' }));
    const other = migrate(db, defaultSettings({ timezone: 'Europe/Berlin' }));
    await expect(other).rejects.toThrow(MigrationError);
    await expect(other).rejects.toThrow('vacancy rebuild');
  });

  it('set and remove what is kept of each level', async () => {
    await using db = open('kept');
    const ttl = async (table: string) => {
      const [row] = await db.rows<{ engine_full: string }>("SELECT engine_full FROM system.tables WHERE database = 'kept' AND name = {table:String}", { table });
      return / TTL (.*?) SETTINGS/.exec(row!.engine_full)?.[1];
    };
    await migrate(db, defaultSettings());
    expect(await ttl('servers_minute')).toBe('toDateTime(bucket) + toIntervalDay(90)');
    expect(await ttl('servers_day')).toBeUndefined();
    await migrate(db, defaultSettings({ retention: { ...DEFAULT_RETENTION, minute_days: null, day_days: 3650 } }));
    expect(await ttl('servers_minute')).toBeUndefined();
    expect(await ttl('servers_day')).toBe('toDateTime(bucket) + toIntervalDay(3650)');
  });
});
