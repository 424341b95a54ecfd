import { closeSync, ftruncateSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { Millis } from '@vacancy/shared/plain';

/** A piece of one run's samples, oldest first. Each is given out until it is acknowledged; only the newest piece grows. */
export interface Segment {
  readonly boot_id: string;
  /** Samples not acknowledged yet, and their bytes. */
  readonly messages: number;
  readonly pending_bytes: number;
  /** Everything it holds, acknowledged or not. */
  readonly bytes: number;
  /** When its newest sample was added. */
  readonly last_ts: Millis;
  /** @throws where the disk will not take it; the segment is then as it was before. */
  append(line: Buffer, now: Millis): void;
  /** The oldest sample that is not acknowledged, without its line end. */
  peek(): Buffer | null;
  /** Acknowledges what `peek` gave. */
  shift(): void;
  /** Forgets everything, on the disk too. */
  remove(): void;
  /** Lets go of the file until it is needed again. */
  close(): void;
}

const NEWLINE = 10;
const READ_BYTES = 8 * 1024;

/** A file of lines. What a crash left of a half-written last line is cut off when it is opened. */
export class DiskSegment implements Segment {
  readonly id: number;
  readonly boot_id: string;
  readonly path: string;
  last_ts: Millis;
  messages = 0;
  #size: number;
  #acked: number;
  #fd = -1;
  #head: Buffer | null = null;

  constructor(path: string, name: { id: number; boot_id: string }, acked: number) {
    this.path = path;
    this.id = name.id;
    this.boot_id = name.boot_id;
    const stat = fstatSync(this.#file());
    this.last_ts = stat.mtimeMs;
    this.#acked = Math.min(acked, stat.size);
    this.#size = this.#countLines(stat.size);
    if (this.#size < stat.size) ftruncateSync(this.#file(), this.#size);
  }

  get acked(): number {
    return this.#acked;
  }

  get bytes(): number {
    return this.#size;
  }

  get pending_bytes(): number {
    return this.#size - this.#acked;
  }

  append(line: Buffer, now: Millis): void {
    try {
      const written = writeSync(this.#file(), line);
      if (written !== line.length) throw new Error(`wrote ${written} of ${line.length} bytes`);
    } catch (cause) {
      this.#forgetHalfLine();
      throw cause;
    }
    this.#size += line.length;
    this.messages++;
    this.last_ts = now;
  }

  peek(): Buffer | null {
    if (this.messages === 0) return null;
    return (this.#head ??= this.#readLine(this.#acked));
  }

  shift(): void {
    const head = this.peek();
    if (!head) return;
    this.#acked += head.length + 1;
    this.messages--;
    this.#head = null;
  }

  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Opened when it is needed: a day's backlog is more files than a process may hold open. */
  #file(): number {
    if (this.#fd < 0) this.#fd = openSync(this.path, 'a+', 0o600);
    return this.#fd;
  }

  /** A full disk may have taken the first half of a line. Where it cannot be cut off now, the next opening does it. */
  #forgetHalfLine(): void {
    try {
      ftruncateSync(this.#file(), this.#size);
    } catch {
      // nothing after `#size` is ever read
    }
  }

  #readLine(from: number): Buffer {
    for (let length = READ_BYTES; ; length *= 4) {
      const buffer = Buffer.allocUnsafe(Math.min(length, this.#size - from));
      const got = readSync(this.#file(), buffer, 0, buffer.length, from);
      const end = buffer.subarray(0, got).indexOf(NEWLINE);
      if (end >= 0) return buffer.subarray(0, end);
      if (got < length) throw new Error(`${this.path} ends within a line`);
    }
  }

  /** Counts the whole lines after the acknowledged ones; gives the size up to the last of them. */
  #countLines(size: number): number {
    const buffer = Buffer.allocUnsafe(64 * 1024);
    let whole = this.#acked;
    for (let at = this.#acked; at < size; ) {
      const got = readSync(this.#file(), buffer, 0, buffer.length, at);
      if (got === 0) break;
      for (let end = buffer.indexOf(NEWLINE); end >= 0 && end < got; end = buffer.indexOf(NEWLINE, end + 1)) {
        this.messages++;
        whole = at + end + 1;
      }
      at += got;
    }
    return whole;
  }
}

/** Holds samples while the disk takes none. */
export class MemorySegment implements Segment {
  readonly boot_id: string;
  last_ts: Millis = 0;
  bytes = 0;
  #lines: Buffer[] = [];
  #pending = 0;

  constructor(boot_id: string) {
    this.boot_id = boot_id;
  }

  get messages(): number {
    return this.#lines.length;
  }

  get pending_bytes(): number {
    return this.#pending;
  }

  append(line: Buffer, now: Millis): void {
    this.#lines.push(line.subarray(0, -1));
    this.#pending += line.length;
    this.bytes += line.length;
    this.last_ts = now;
  }

  peek(): Buffer | null {
    return this.#lines[0] ?? null;
  }

  shift(): void {
    const line = this.#lines.shift();
    if (line) this.#pending -= line.length + 1;
  }

  remove(): void {
    this.#lines = [];
    this.#pending = 0;
  }

  close(): void {}
}
