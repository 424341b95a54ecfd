import type { Inventory, Sample } from '../../../packages/shared/src/index.js';
import { DEFAULT_IDLE } from '../../../packages/shared/src/index.js';
import { decode, type Received } from '../../../packages/stream/src/ingest/decode.js';
import { openDatabase, type Database } from '../../../packages/stream/src/store/client.js';
import { Ledger, type Booked } from '../../../packages/stream/src/store/ledger.js';
import { migrate } from '../../../packages/stream/src/store/migrate.js';
import { encodeSamples } from '../../../packages/stream/src/store/rows.js';
import { defaultSettings } from '../../../packages/stream/src/store/settings.js';
import type { TestEngine } from '../../harness/clickhouse.js';

/** A database of its own with the product's tables, and the product's own way of a message into it. */
export class Archive implements AsyncDisposable {
  readonly db: Database;
  readonly #ledger = new Ledger();
  #batch = 0;

  constructor(db: Database) {
    this.db = db;
  }

  /** Decodes, books and inserts messages as the service does. `received_ts` is the sample's own time unless said otherwise. */
  async insert(samples: readonly (Sample & { received_ts?: number })[]): Promise<void> {
    for (let i = 0; i < samples.length; i += 20_000) {
      const booked = samples.slice(i, i + 20_000).map((sample) => this.#ledger.book(received(sample)));
      const rows = booked.filter((row): row is Booked => typeof row !== 'string');
      await this.db.insertBlock('samples', encodeSamples(rows, { stream: 'test', batch: ++this.#batch }, DEFAULT_IDLE), `batch-${this.#batch}`);
    }
  }

  async inventory({ server, name, gpus = [], simulated = false }: Partial<Inventory> & { server: string; simulated?: boolean }): Promise<void> {
    await this.db.insert('inventory', [{
      server, ts: '2026-01-01 00:00:00', name, simulated, gpu_num: gpus.length,
      'gpus.gpu_id': gpus.map((gpu) => gpu.gpu_id), 'gpus.gpu_type': gpus.map((gpu) => gpu.gpu_type), 'gpus.gpu_memory_limit': gpus.map((gpu) => gpu.gpu_memory_limit), 'gpus.uuid': gpus.map(() => ''),
    }]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db[Symbol.asyncDispose]();
  }
}

function received({ received_ts, ...sample }: Sample & { received_ts?: number }): Received {
  const data = Buffer.from(JSON.stringify(sample));
  const decoded = decode({ subject: `vacancy.v1.sample.${sample.server}`, data, stream_seq: 1, received_ts: received_ts ?? sample.ts });
  if (!decoded.ok) throw new Error(`${decoded.error.code}: ${decoded.error.detail}`);
  return decoded.value;
}

export async function openArchive(engine: TestEngine, database: string, timezone: string): Promise<Archive> {
  const db = openDatabase({ ...engine, database });
  // Nothing is thrown away: the stretches that are reported lie years from today.
  await migrate(db, defaultSettings({ timezone, retention: { raw_days: null, minute_days: null, hour_days: null, day_days: null } }));
  return new Archive(db);
}
