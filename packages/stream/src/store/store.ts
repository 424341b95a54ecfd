import { mkdir } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { MIB, SAMPLES_STREAM, SECOND, systemClock, type Clock, type Inventory, type Sample } from '@vacancy/shared';
import type { Tail } from '../ingest/tail.js';
import type { Log } from '../log.js';
import type { Cut, Made } from './batch.js';
import { Claim, ClaimedError } from './claim.js';
import { isRetryable, openDatabase, type Database, type DatabaseOptions } from './client.js';
import { insertSamples, type BulkOptions } from './bulk.js';
import { saveInventory } from './inventory.js';
import { Journal } from './journal.js';
import { Ledger } from './ledger.js';
import { migrate, refuseOtherTimezone } from './migrate.js';
import { StreamReader, type PullLimits, type Position } from './pull.js';
import { finishRebuild, rebuild, type RebuildOptions, type RebuildProgress } from './rebuild.js';
import { isMade, ledgerFromRows, positionFromRows, positionIn, positionOf, trusted } from './recover.js';
import { refuseHalfMoved } from './rezone.js';
import { defaultSettings, type ArchiveSettings } from './settings.js';
import { verifyBatch } from './verify.js';
import { Writer, sendBatch } from './writer.js';

export interface StoreOptions extends Partial<ArchiveSettings> {
  readonly clickhouse: DatabaseOptions;
  readonly nats: NatsConnection;
  /** Folder of the journal; made when it is not there. */
  readonly dataDir: string;
  readonly log: Log;
  /** Write the journal through to the disk before each insert: holds against power loss, costs a disk write a batch. */
  readonly fsync?: boolean;
  readonly stream?: string;
  readonly inboxPrefix?: string;
  readonly limits?: Partial<PullLimits>;
  /** Another service may reach this database and store the same stream into it: one of them waits. Not so in an engine of one's own. */
  readonly shared?: boolean;
  /** What the live way has read already: taken from there while both are at the same place. */
  readonly tail?: Tail | undefined;
}

export interface StoreStatus {
  /** The database is migrated, the last run's batch is safe, and samples are being stored. */
  readonly ready: boolean;
  readonly position: Position | null;
  /** Messages in the broker behind those that were read. */
  readonly pending: number;
  /** Age of the newest stored message; 0 when nothing is pending. */
  readonly lag_ms: number;
  /** Since the start. */
  readonly inserted: number;
  readonly duplicates: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Samples missing in the agents' sequences, of all that is remembered, by server. */
  readonly missing: Readonly<Record<string, number>>;
  readonly batches: { readonly count: number; readonly last: number; readonly largest: number };
  readonly repairs: number;
  readonly last_error: { readonly ts: number; readonly message: string } | null;
}

/** Samples from JetStream into ClickHouse, each exactly once, and back out as figures. */
export interface Store extends AsyncDisposable {
  readonly db: Database;
  readonly settings: ArchiveSettings;
  /**
   * Migrates, makes the last run's batch safe and begins to store. A database that is away is waited for in the background.
   * @throws MigrationError, RangeError with a sentence for people where waiting would not help
   */
  start(): Promise<void>;
  status(): StoreStatus;
  saveInventory(inventory: Inventory): Promise<void>;
  /** A way in beside the stream, for history: fast, once per token. */
  insertSamples(samples: Iterable<Sample>, options: BulkOptions): Promise<number>;
  /** Makes archives anew while storing pauses. */
  rebuild(options?: RebuildOptions, onProgress?: (progress: RebuildProgress) => void): Promise<void>;
}

/**
 * 20,000 samples of eight cards are 14 MB as a block; the byte limit holds where messages are large. An insert costs its dozen tables
 * some 300 ms of processor time however small it is: a sample of a batch of 5,000 cost the engine 40 µs, of 10,000 27, of 20,000 15.
 * One in three seconds is what a small fleet pays; a backlog does not wait.
 */
const DEFAULT_LIMITS: PullLimits = { messages: 20_000, bytes: 32 * MIB, age_ms: 3 * SECOND };

/** A database that takes a connection and says nothing must not keep the pages from opening. */
const PATIENCE_MS = 20 * SECOND;

export function createStore(options: StoreOptions, clock: Clock = systemClock): Store {
  return new JetStreamStore(options, clock);
}

/** created → preparing (until the database answers) → storing → disposed */
class JetStreamStore implements Store {
  readonly db: Database;
  readonly settings: ArchiveSettings;
  readonly #options: StoreOptions;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #reader: StreamReader;
  readonly #counts = { inserted: 0, duplicates: 0, rejected: {} as Record<string, number>, batches: 0, last: 0, largest: 0, repairs: 0 };
  #writer: Writer | undefined;
  #claim: Claim | undefined;
  #ledger = new Ledger();
  #running: Promise<void> = Promise.resolve();
  #storedTs: number | undefined;
  #token: string | undefined;
  #lastError: StoreStatus['last_error'] = null;
  #disposed = false;
  #wake = (): void => {};

  constructor(options: StoreOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.settings = defaultSettings({
      ...(options.timezone && { timezone: options.timezone }),
      ...(options.retention && { retention: options.retention }),
      ...(options.idle && { idle: options.idle }),
    });
    this.db = openDatabase(options.clickhouse);
    this.#journal = new Journal(options.dataDir, { fsync: options.fsync ?? false });
    this.#reader = new StreamReader(options.nats, options.stream ?? SAMPLES_STREAM, options.inboxPrefix, options.tail, clock);
  }

  async start(): Promise<void> {
    await mkdir(this.#options.dataDir, { recursive: true });
    const prepared = this.#prepare();
    try {
      const answered = await Promise.race([prepared.then(() => true), this.#pause(PATIENCE_MS).then(() => false)]);
      this.#wake();
      if (answered) this.#run();
      else this.#running = prepared.then(() => this.#loop(), (error: unknown) => this.#prepareLater(error));
    } catch (error) {
      this.#wake();
      if (!isRetryable(error) || isForPeople(error)) throw error;
      this.#running = this.#prepareLater(error);
    }
  }

  status(): StoreStatus {
    const { inserted, duplicates, rejected, batches, last, largest, repairs } = this.#counts;
    return {
      ready: this.#writer !== undefined,
      position: this.#writer?.position ?? null,
      pending: this.#reader.pending,
      lag_ms: this.#reader.pending > 0 && this.#storedTs !== undefined ? this.#clock.now() - this.#storedTs : 0,
      inserted, duplicates, rejected: { ...rejected },
      missing: this.#ledger.missing(),
      batches: { count: batches, last, largest },
      repairs,
      last_error: this.#lastError,
    };
  }

  saveInventory(inventory: Inventory): Promise<void> {
    return saveInventory(this.db, inventory, this.#clock.now());
  }

  insertSamples(samples: Iterable<Sample>, options: BulkOptions): Promise<number> {
    return insertSamples(this.db, samples, this.settings.idle, options);
  }

  async rebuild(options: RebuildOptions = {}, onProgress: (progress: RebuildProgress) => void = () => {}): Promise<void> {
    const writer = this.#writer;
    const permit = async (): Promise<void> => {
      const stores = !this.#disposed && writer === this.#writer && ((await this.#claim?.confirm()) ?? true);
      if (!writer || !stores) throw new Error('Archives are made anew by the service that stores: this one has not begun to, has ended, or another one does.');
    };
    await permit();
    try {
      await rebuild(this.db, this.settings, options, onProgress, (task) => writer!.exclusively(task), this.#clock, permit);
    } catch (error) {
      writer!.mendNext();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#wake();
    this.#writer?.stop();
    await this.#running;
    await this.#claim?.[Symbol.asyncDispose]();
    await this.#reader[Symbol.asyncDispose]();
    await this.db[Symbol.asyncDispose]();
  }

  async #prepareLater(failure: unknown): Promise<void> {
    this.#note(failure);
    for (let delay = 500; !this.#disposed; delay = Math.min(2 * delay, 10 * SECOND)) {
      await this.#pause(delay);
      if (this.#disposed) return;
      try {
        await this.#prepare();
        return await this.#loop();
      } catch (error) {
        this.#note(error);
      }
    }
  }

  #run(): void {
    this.#running = this.#loop();
  }

  async #loop(): Promise<void> {
    await this.#writer!.run();
    if (this.#token) await this.#journal.markClean(this.#token);
    if (this.#disposed) return;
    const writer = this.#writer!;
    this.#writer = undefined;
    // A day that is being made anew comes to its end first.
    await writer.exclusively(() => Promise.resolve());
    await this.#prepareLater(new ClaimedError('Another stream service has gone on storing while this one was silent.'));
  }

  /** May be repeated: each step leaves what the next needs, on disk or in the database. */
  async #prepare(): Promise<void> {
    const { log } = this.#options;
    await this.db.create();
    if (this.#options.shared) await this.#takeTurn();
    const found = await this.#journal.read();
    const made = await isMade(this.db);
    if (made) {
      await refuseHalfMoved(this.db);
      await refuseOtherTimezone(this.db, this.settings.timezone);
      await this.#finishRebuild();
    }
    const rows = made && (this.#options.shared || !found) ? await positionFromRows(this.db) : undefined;
    const { journal, unsure } = await trusted(this.db, found, rows);
    // Before migrating: a view that is made anew would count a batch that is sent again twice.
    if (unsure && made) await this.#resend(unsure);
    const applied = await migrate(this.db, this.settings, undefined, (name, error) =>
      log.warn({ name, reason: error.message }, 'the account may not make users: there is no vacancy_reader'));
    if (applied.length > 0) log.info({ applied }, 'migrated');
    if (unsure && !made) await this.#resend(unsure);
    const after = journal ? positionOf(journal) : rows;
    if (!journal && after) log.warn({ after }, `${found ? 'the journal is older than the database' : 'no journal'}: going on from what the database holds`);
    this.#ledger = new Ledger(journal?.ledger ?? (after && (await ledgerFromRows(this.db, this.#clock.now()))));
    const position = positionIn(await this.#reader.info(), after, log);
    this.#writer = new Writer(position, {
      db: this.db, journal: this.#journal, reader: this.#reader, ledger: this.#ledger, idle: this.settings.idle,
      limits: { ...DEFAULT_LIMITS, ...this.#options.limits }, log, clock: this.#clock,
      relocate: async (was) => positionIn(await this.#reader.info(), was, log),
      mend: (batch) => this.#mend(batch),
      permit: async () => (await this.#claim?.confirm()) ?? true,
      onStored: (made, cut) => this.#stored(made, cut),
      onError: (error) => this.#note(error),
    });
  }

  async #takeTurn(): Promise<void> {
    if (!this.#claim) {
      const [row] = await this.db.rows<{ server: string }>('SELECT toString(serverUUID()) AS server');
      this.#claim = new Claim(this.#options.nats, `${row!.server}-${this.db.name}`, () => this.#writer?.stop(), this.#clock);
    }
    await this.#claim.take();
  }

  async #resend(batch: Made['batch']): Promise<void> {
    await sendBatch(this.db, batch);
    const { from, to } = batch;
    if ((await this.#mend(batch)) === 0) this.#options.log.info({ from, to }, 'the last run ended uncleanly; its last batch is whole');
    this.#token = batch.token;
    // Migrations come next: after them its blocks would be new ones to views that changed.
    await this.#journal.markClean(batch.token);
  }

  async #finishRebuild(): Promise<void> {
    const finished = await finishRebuild(this.db, this.settings, this.#clock.now());
    if (finished.length > 0) this.#options.log.warn({ finished }, 'finished making archives anew, which a kill had cut off');
  }

  /** @returns how many tables' blocks were missing. */
  async #mend(batch: Made['batch']): Promise<number> {
    await this.#finishRebuild();
    const repairs = await verifyBatch(this.db, batch, this.settings, this.#clock.now());
    this.#counts.repairs += repairs.length;
    const { from, to } = batch;
    if (repairs.length > 0) this.#options.log.warn({ from, to, repairs }, 'mended what an unclean stop had torn');
    return repairs.length;
  }

  #stored({ batch, duplicates, rejections }: Made, cut: Cut): void {
    const counts = this.#counts;
    counts.inserted += batch.rows;
    counts.duplicates += duplicates;
    counts.batches++;
    counts.last = batch.rows;
    counts.largest = Math.max(counts.largest, batch.rows);
    for (const [reason, count] of Object.entries(rejections)) counts.rejected[reason] = (counts.rejected[reason] ?? 0) + count;
    const newest = cut.messages.at(-1)!;
    this.#storedTs = newest.ok ? newest.value.received_ts : newest.error.message.received_ts;
    this.#token = batch.token;
  }

  #note(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#lastError?.message !== message) this.#options.log.warn({ err: error }, 'storing waits');
    this.#lastError = { ts: this.#clock.now(), message };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Settings that do not fit: no waiting helps. */
const isForPeople = (error: unknown): boolean => error instanceof RangeError || (error instanceof Error && error.name === 'MigrationError');

