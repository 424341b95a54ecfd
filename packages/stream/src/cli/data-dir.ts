import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CommandError } from './hub-api.js';

export const dataDir = (): string => path.resolve(process.env.VACANCY_DATA_DIR ?? 'data');

/** For what must not be done beneath a running service. */
export async function refuseWhileRunning(data: string): Promise<void> {
  const lock = await readFile(path.join(data, 'vacancy.lock'), 'utf8').catch(() => null);
  if (lock && isAlive((JSON.parse(lock) as { pid: number }).pid)) {
    throw new CommandError('Vacancy is running on this data folder: stop it first (Ctrl-C where it runs).');
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
