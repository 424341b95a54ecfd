import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface SpoolFile extends AsyncDisposable {
  readonly path: string;
}

/**
 * Bodies of INSERTs as files, because `FROM INFILE` is the one way in that keeps every byte of every format.
 * A killed process leaves its files behind; `open` removes them.
 */
export class Spool {
  #count = 0;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<Spool> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Spool(folder);
  }

  async write(body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<SpoolFile> {
    const path = join(this.#folder, `${(this.#count += 1)}`);
    const file = { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    try {
      await pipeline(body, createWriteStream(path, { mode: 0o600, highWaterMark: 1 << 20 }));
      return file;
    } catch (cause) {
      await file[Symbol.asyncDispose]();
      throw cause;
    }
  }
}
