import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Where a small state survives a restart. */
export interface Keeper<T> {
  /** The state as last saved, or `null` when there is none that can be read. */
  load(): Promise<T | null>;
  save(state: T): Promise<void>;
}

/** Keeps nothing: for tests and benchmarks. */
export const forgetful = <T>(): Keeper<T> => ({ load: async () => null, save: async () => {} });

/**
 * A JSON file, replaced whole, so that a crash leaves the old or the new one. Saves follow each other, and of those that
 * wait only the newest is written. A file that `accept` refuses (damaged, of another version) is put aside as `.bad`.
 */
export function jsonFile<T>(path: string, accept: (value: unknown) => value is T): Keeper<T> {
  let running: Promise<void> = Promise.resolve();
  let waiting: { state: T; done: Promise<void> } | null = null;
  return {
    async load() {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      if (text === null) return null;
      const value = parse(text);
      if (accept(value)) return value;
      await rename(path, `${path}.bad`);
      return null;
    },
    save(state) {
      if (waiting) {
        waiting.state = state;
        return waiting.done;
      }
      const mine = { state, done: Promise.resolve() };
      mine.done = running.then(() => {
        waiting = null;
        return replace(path, JSON.stringify(mine.state));
      });
      waiting = mine;
      running = mine.done.catch(() => {});
      return mine.done;
    },
  };
}

async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
