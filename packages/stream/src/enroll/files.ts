import { mkdir, rename, rmdir, stat, writeFile } from 'node:fs/promises';
import { SECOND, systemClock, type Clock } from '@vacancy/shared';

/** Readers see the old file or the new one, never half of one. */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const next = `${file}.${process.pid}.tmp`;
  await writeFile(next, text, { mode });
  await rename(next, file);
}

/** A lock that a killed process left behind is taken over after this long. */
const STALE = 10 * SECOND;
const RETRY = 50;

/** Runs `task` while no other process does so on the same file: two enrolments at once must not lose one. */
export async function locked<T>(file: string, task: () => Promise<T>, clock: Clock = systemClock): Promise<T> {
  const lock = `${file}.lock`;
  while (!(await take(lock, clock))) await new Promise<void>((done) => clock.setTimer(RETRY, done));
  try {
    return await task();
  } finally {
    await rmdir(lock).catch(() => {});
  }
}

async function take(lock: string, clock: Clock): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    const age = await stat(lock).then(({ mtimeMs }) => clock.now() - mtimeMs, () => 0);
    if (age > STALE) await rmdir(lock).catch(() => {});
    return false;
  }
}
