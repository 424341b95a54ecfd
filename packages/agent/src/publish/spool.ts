import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KIB, MIB, systemClock, type Clock, type Sample } from '@vacancy/shared/plain';
import { reasonOf } from '../collect/collector.js';
import type { Log } from '../log.js';
import { takeLock, type Lock } from './lock.js';
import { DiskSegment, MemorySegment, type Segment } from './segment.js';

/** A sample before it has a name. */
export type Reading = Omit<Sample, 'boot_id' | 'seq'>;

/** A waiting sample with its name; `data` is the message as it is sent. */
export interface Entry {
  readonly boot_id: string;
  readonly seq: number;
  readonly data: Uint8Array;
}

export interface SpoolOptions {
  readonly dir: string;
  readonly spool_bytes: number;
  readonly spool_age_ms: number;
}

export interface SpoolStats {
  readonly spool_messages: number;
  readonly spool_bytes: number;
  readonly spool_dropped: number;
}

/** The running sequence, and what earlier ones left behind. */
export type LaneName = 'live' | 'backlog';

const SEGMENT_BYTES = 256 * KIB;
/** What is kept in memory while the disk takes nothing: about an hour at one sample a second. */
const MEMORY_BYTES = 4 * MIB;
/** The disk is tried again after this much. */
const MEMORY_SEGMENT_BYTES = 64 * KIB;
/** Replacing a file makes the disk write it, and held up the sampling for a millisecond each time. What a crash forgets is sent again under its old name. */
const CURSOR_EVERY_MS = 10_000;
const FILE_NAME = /^(\d{10})-([A-Za-z0-9_-]{1,64})\.jsonl$/;

/**
 * Keeps every sample until the broker has acknowledged it, through kill -9 and a full disk. A folder of segments, each a file of
 * JSON lines of one run, and a cursor file that says how far each is acknowledged.
 *
 * A run is a boot_id with its sequence from 0. A start begins a run, and so does `startRun` after an outage: its samples are
 * sent live at once while the earlier runs' are sent in their own order beside them. So no run is ever stored out of order.
 */
export class Spool implements Disposable {
  readonly #options: SpoolOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  #lock: Lock | null = null;
  #segments: Segment[] = [];
  #open: Segment | null = null;
  #boot_id = '';
  #seq = 0;
  #nextId = 1;
  #dropped = 0;
  #failures = 0;
  #reason: string | null = null;
  #cancelSave: (() => void) | null = null;

  /** @throws when another agent holds this spool. A disk that cannot be written is a failure to report, not a reason to stop. */
  constructor(options: SpoolOptions, log: Log, clock: Clock = systemClock) {
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.#load();
    this.startRun();
  }

  get boot_id(): string {
    return this.#boot_id;
  }

  /** Names the reading and keeps it, as the newest of the running sequence. */
  append(reading: Reading): void {
    const line = Buffer.from(`${JSON.stringify({ ...reading, boot_id: this.#boot_id, seq: this.#seq })}\n`);
    this.#seq++;
    this.#write(line);
    this.#enforceBounds();
  }

  /** Begins a new sequence; what the last one left unsent becomes backlog. */
  startRun(): void {
    this.#boot_id = randomBytes(16).toString('hex');
    this.#seq = 0;
    this.#seal();
  }

  /** The oldest waiting sample of a lane. */
  peek(lane: LaneName): Entry | null {
    for (;;) {
      const segment = this.#first(lane);
      if (!segment) return null;
      const entry = this.#read(segment);
      if (entry) return entry;
    }
  }

  /** Lets go of what `peek` gave, once the broker has it. */
  ack(lane: LaneName, entry: Entry): void {
    const segment = this.#first(lane);
    const head = segment?.peek();
    if (!segment || segment.boot_id !== entry.boot_id || !head?.equals(entry.data)) return; // dropped for want of room meanwhile
    segment.shift();
    if (segment.messages === 0 && segment !== this.#open) this.#remove(segment);
    this.#saveSoon();
  }

  /** Lets go of a sample that the broker will never take. */
  reject(lane: LaneName, entry: Entry): void {
    this.#dropped++;
    this.ack(lane, entry);
  }

  waiting(lane: LaneName): number {
    let messages = 0;
    for (const segment of this.#segments) if (this.#laneOf(segment) === lane) messages += segment.messages;
    return messages;
  }

  stats(): SpoolStats {
    let spool_messages = 0;
    let spool_bytes = 0;
    for (const segment of this.#segments) {
      spool_messages += segment.messages;
      spool_bytes += segment.pending_bytes;
    }
    return { spool_messages, spool_bytes, spool_dropped: this.#dropped };
  }

  /** Why the disk takes no samples, while it does not. */
  get failure(): { readonly reason: string; readonly count: number } | null {
    return this.#reason === null ? null : { reason: this.#reason, count: this.#failures };
  }

  [Symbol.dispose](): void {
    this.#cancelSave?.();
    this.#seal();
    this.#save();
    for (const segment of this.#segments) segment.close();
    this.#segments = [];
    this.#lock?.[Symbol.dispose]();
  }

  #laneOf(segment: Segment): LaneName {
    return segment.boot_id === this.#boot_id ? 'live' : 'backlog';
  }

  #first(lane: LaneName): Segment | undefined {
    return this.#segments.find((segment) => segment.messages > 0 && this.#laneOf(segment) === lane);
  }

  /** A line that cannot be read back (a disk error, a hand in the file) is given up, counted, and never holds up the rest. */
  #read(segment: Segment): Entry | null {
    try {
      const data = segment.peek()!;
      const { seq } = JSON.parse(data.toString()) as { seq: number };
      return { boot_id: segment.boot_id, seq, data };
    } catch (cause) {
      this.#log.error({ err: cause, boot_id: segment.boot_id }, 'spool segment unreadable, given up');
      this.#drop(segment);
      return null;
    }
  }

  #write(line: Buffer): void {
    const now = this.#clock.now();
    if (this.#open && this.#open.bytes + line.length > (this.#open instanceof DiskSegment ? SEGMENT_BYTES : MEMORY_SEGMENT_BYTES)) this.#seal();
    this.#open ??= this.#newSegment();
    try {
      this.#open.append(line, now);
      if (this.#open instanceof DiskSegment) this.#reason = null;
    } catch (cause) {
      this.#diskFailed(cause);
      this.#seal();
      this.#open = this.#adopt(new MemorySegment(this.#boot_id));
      this.#open.append(line, now);
    }
  }

  /** Ends the growing segment; the next sample begins another. */
  #seal(): void {
    const sealed = this.#open;
    this.#open = null;
    sealed?.close();
    if (sealed?.messages === 0) this.#remove(sealed);
  }

  #newSegment(): Segment {
    const id = this.#nextId++;
    const name = `${String(id).padStart(10, '0')}-${this.#boot_id}.jsonl`;
    try {
      if (!this.#lock) this.#prepare();
      return this.#adopt(new DiskSegment(join(this.#options.dir, name), { id, boot_id: this.#boot_id }, 0));
    } catch (cause) {
      this.#diskFailed(cause);
      return this.#adopt(new MemorySegment(this.#boot_id));
    }
  }

  #adopt<S extends Segment>(segment: S): S {
    this.#segments.push(segment);
    return segment;
  }

  #diskFailed(cause: unknown): void {
    if (this.#reason === null) this.#log.error({ err: cause }, 'spool cannot write, keeping samples in memory');
    this.#failures++;
    this.#reason = `${reasonOf(cause)}; samples are kept in memory`;
  }

  /** Oldest first, whole segments: by age, by the bytes on the disk, and by the bytes in memory. */
  #enforceBounds(): void {
    const oldest = this.#clock.now() - this.#options.spool_age_ms;
    while (this.#segments[0] && this.#segments[0] !== this.#open && this.#segments[0].last_ts < oldest) this.#drop(this.#segments[0]);
    this.#enforceBytes(this.#options.spool_bytes, (segment) => segment instanceof DiskSegment);
    this.#enforceBytes(MEMORY_BYTES, (segment) => segment instanceof MemorySegment);
  }

  #enforceBytes(limit: number, counts: (segment: Segment) => boolean): void {
    const counted = this.#segments.filter(counts);
    let bytes = counted.reduce((sum, segment) => sum + segment.bytes, 0);
    for (const segment of counted) {
      if (bytes <= limit || segment === this.#open) return;
      bytes -= segment.bytes;
      this.#drop(segment);
    }
  }

  #drop(segment: Segment): void {
    if (segment === this.#open) this.#open = null;
    this.#dropped += segment.messages;
    if (segment.messages) this.#log.warn({ messages: segment.messages }, 'spool full, oldest samples dropped');
    this.#remove(segment);
  }

  #remove(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    try {
      segment.remove();
    } catch (cause) {
      this.#log.warn({ err: cause }, 'spool segment cannot be removed');
    }
  }

  #prepare(): void {
    mkdirSync(this.#options.dir, { recursive: true, mode: 0o700 });
    this.#lock = takeLock(join(this.#options.dir, 'lock'));
  }

  #load(): void {
    try {
      this.#prepare();
    } catch (cause) {
      if (!(cause as NodeJS.ErrnoException).code) throw cause; // held by another agent
      return this.#diskFailed(cause);
    }
    const acked = this.#loadCursor();
    for (const file of readdirSync(this.#options.dir).sort()) {
      const [, id, boot_id] = FILE_NAME.exec(file) ?? [];
      if (id && boot_id) this.#loadSegment(join(this.#options.dir, file), { id: Number(id), boot_id }, acked[Number(id)] ?? 0);
    }
  }

  #loadSegment(path: string, name: { id: number; boot_id: string }, acked: number): void {
    this.#nextId = Math.max(this.#nextId, name.id + 1);
    try {
      const segment = this.#adopt(new DiskSegment(path, name, acked));
      segment.close();
      if (segment.messages === 0) this.#remove(segment);
    } catch (cause) {
      this.#log.error({ err: cause, path }, 'spool segment cannot be opened');
    }
  }

  #loadCursor(): Record<number, number> {
    try {
      return JSON.parse(readFileSync(this.#cursorPath, 'utf8')) as Record<number, number>;
    } catch {
      return {}; // the first start, or a damaged file: everything is sent once more and the message ids sort it out
    }
  }

  get #cursorPath(): string {
    return join(this.#options.dir, 'cursor.json');
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#clock.setTimer(CURSOR_EVERY_MS, () => {
      this.#cancelSave = null;
      this.#save();
    });
  }

  #save(): void {
    if (!this.#lock) return;
    const acked: Record<number, number> = {};
    for (const segment of this.#segments) if (segment instanceof DiskSegment && segment.acked) acked[segment.id] = segment.acked;
    try {
      writeFileSync(`${this.#cursorPath}.new`, JSON.stringify(acked), { mode: 0o600 });
      renameSync(`${this.#cursorPath}.new`, this.#cursorPath);
    } catch (cause) {
      this.#diskFailed(cause);
    }
  }
}
