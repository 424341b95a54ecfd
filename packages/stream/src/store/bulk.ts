import type { IdleThresholds, Sample } from '@vacancy/shared';
import type { Database } from './client.js';
import { Ledger, type Booked } from './ledger.js';
import { encodeSamples } from './rows.js';

export interface BulkOptions {
  /** Names the samples: the same ones under the same token are stored once, also when a part was stored before. */
  readonly token: string;
  readonly rows_per_insert?: number;
  /** Rows stored so far. */
  readonly onProgress?: (rows: number) => void;
}

/**
 * Stores samples that did not come through the stream, such as a history. They must not overlap with those of the stream: a
 * ledger of their own books them, in the order given.
 * @returns how many there were
 */
export async function insertSamples(
  db: Database, samples: Iterable<Sample>, idle: IdleThresholds, { token, rows_per_insert = 20_000, onProgress }: BulkOptions,
): Promise<number> {
  const ledger = new Ledger();
  let stored = 0;
  for (const rows of chunks(samples, rows_per_insert)) {
    const booked = rows
      .map((sample) => ledger.book({ ...sample, stream_seq: 0, received_ts: sample.ts, skewed: false }))
      .filter((row): row is Booked => typeof row === 'object');
    // Without the name of a stream, so that no position is ever taken from these rows.
    await db.insertBlock('samples', encodeSamples(booked, { stream: '', batch: 0 }, idle), `${token}:${stored}`);
    stored += rows.length;
    onProgress?.(stored);
  }
  return stored;
}

function* chunks<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
