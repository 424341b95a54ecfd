import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/**
 * A file of /proc that is read again and again through one open descriptor: half the system calls of opening it each time,
 * and no garbage but the text. Synchronous on purpose: these files are made in memory and cannot block, and a trip through
 * the thread pool costs more than the reading.
 */
export class ProcFile {
  readonly #path: string;
  #fd: number | null = null;
  #buffer = Buffer.allocUnsafe(8 * 1024);

  constructor(path: string) {
    this.#path = path;
  }

  read(): string {
    this.#fd ??= openSync(this.#path, 'r');
    let length = 0;
    for (;;) {
      const got = readSync(this.#fd, this.#buffer, length, this.#buffer.length - length, length);
      if (got === 0) return this.#buffer.toString('latin1', 0, length);
      length += got;
      if (length === this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer, Buffer.allocUnsafe(length)]);
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

/** The text of a small file, or `null` where it is absent or may not be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // absence is the answer; who needs the reason reads the file itself
  }
}
