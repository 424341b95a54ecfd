import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Held while this process lives. */
export type Lock = Disposable;

/**
 * Marks a folder as this process's own. A lock whose process is gone is taken over; the start time beside the pid tells a
 * new process with an old number (after a reboot, in a container) from the one that took it.
 * @throws when another living process holds it.
 */
export function takeLock(path: string): Lock {
  const mine = `${process.pid} ${startTime(process.pid)}`;
  const holder = read(path);
  if (holder && holder !== mine && isAlive(holder)) {
    throw new Error(`another agent (process ${holder.split(' ')[0]}) uses ${path}; give each its own VACANCY_DATA_DIR or VACANCY_SERVER_ID`);
  }
  writeFileSync(path, mine, { mode: 0o600 });
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function isAlive(holder: string): boolean {
  const [pid, started] = holder.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startTime(Number(pid)) === started;
}

/** Clock ticks after boot at which a process started; empty where there is no /proc. */
function startTime(pid: number): string {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
