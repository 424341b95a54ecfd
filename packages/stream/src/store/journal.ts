import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { LedgerState } from './ledger.js';

/** A batch as it was cut: bytes that never change, under a token that names them. */
export interface Batch {
  readonly token: string;
  /** The stream's identity, and the positions (both inclusive) that the batch covers. */
  readonly stream: string;
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  readonly rejected: number;
  /** First and last event time of its samples; absent without samples. */
  readonly span?: readonly [number, number];
  /** Blocks in `Native` format for `samples` and `rejected_samples`; empty when there is nothing for the table. */
  readonly samples: Uint8Array;
  readonly rejections: Uint8Array;
}

export interface Entry {
  readonly batch: Batch;
  /** What is known after the batch. */
  readonly ledger: LedgerState;
}

/** What a start finds. `clean`: the last run stored the batch and said so. */
export interface Found extends Entry {
  readonly clean: boolean;
}

// Its number changes with the form of the ledger: one of another form is no journal, and the rows say where to go on.
const MAGIC = 'VACANCY2';

/**
 * The last batch that was cut, on disk before it is sent. A batch is written only after its predecessor is safely stored, so one
 * file is enough: after a crash its bytes are sent again under the same token, and reading goes on behind it.
 *
 * The file is made whole under another name and renamed: it is either the old batch or the new one. A process that is
 * killed loses nothing; `fsync` holds against power loss as well.
 */
export class Journal {
  readonly #file: string;
  readonly #cleanFile: string;
  readonly #fsync: boolean;
  #clean = false;

  constructor(folder: string, { fsync = false } = {}) {
    this.#file = path.join(folder, 'batch.journal');
    this.#cleanFile = path.join(folder, 'batch.clean');
    this.#fsync = fsync;
  }

  /** `undefined` without a journal, or with one that power loss has damaged. */
  async read(): Promise<Found | undefined> {
    const entry = parse(await readFile(this.#file).catch(() => Buffer.alloc(0)));
    const clean = await readFile(this.#cleanFile, 'utf8').catch(() => '');
    this.#clean = clean !== '';
    return entry && { ...entry, clean: clean === entry.batch.token };
  }

  async write(entry: Entry): Promise<void> {
    if (this.#clean) await rm(this.#cleanFile, { force: true });
    this.#clean = false;
    await replace(this.#file, format(entry), this.#fsync);
  }

  /** Says that the last batch is stored: the next start need not look. */
  async markClean(token: string): Promise<void> {
    await replace(this.#cleanFile, [Buffer.from(token)], this.#fsync);
    this.#clean = true;
  }
}

/** Bodies are checked too: without fsync a power loss may leave a file of the right length full of zeros. */
function format({ batch, ledger }: Entry): Uint8Array[] {
  const { samples, rejections, ...facts } = batch;
  const sums = { samples: [samples.length, crc32(samples)], rejections: [rejections.length, crc32(rejections)] };
  const header = Buffer.from(JSON.stringify({ facts, sums, ledger }));
  const front = Buffer.alloc(MAGIC.length + 8);
  front.write(MAGIC, 'latin1');
  front.writeUInt32LE(header.length, MAGIC.length);
  front.writeUInt32LE(crc32(header), MAGIC.length + 4);
  return [front, header, samples, rejections];
}

function parse(file: Buffer): Entry | undefined {
  const bodyAt = MAGIC.length + 8;
  if (file.length < bodyAt || file.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  const length = file.readUInt32LE(MAGIC.length);
  const header = file.subarray(bodyAt, bodyAt + length);
  if (header.length !== length || crc32(header) !== file.readUInt32LE(MAGIC.length + 4)) return undefined;
  const { facts, sums, ledger } = JSON.parse(header.toString('utf8')) as Header;
  const rejectionsAt = bodyAt + length + sums.samples[0];
  const samples = file.subarray(bodyAt + length, rejectionsAt);
  const rejections = file.subarray(rejectionsAt, rejectionsAt + sums.rejections[0]);
  if (!intact(samples, sums.samples) || !intact(rejections, sums.rejections)) return undefined;
  return { batch: { ...facts, samples, rejections }, ledger };
}

interface Header {
  readonly facts: Omit<Batch, 'samples' | 'rejections'>;
  readonly sums: { readonly samples: Sum; readonly rejections: Sum };
  readonly ledger: LedgerState;
}

type Sum = readonly [length: number, crc: number];

const intact = (bytes: Uint8Array, [length, crc]: Sum): boolean => bytes.length === length && crc32(bytes) === crc;

async function replace(file: string, parts: readonly Uint8Array[], fsync: boolean): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writev(parts as Uint8Array[]);
    if (fsync) await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${file}.new`, file);
  if (fsync) await syncFolder(path.dirname(file));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
