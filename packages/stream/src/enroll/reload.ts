import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { SECOND, systemClock, type Clock } from '@vacancy/shared';

export const CONFIG_FILE = 'nats.conf';
export const PID_FILE = 'nats.pid';
/** Touched every second by a supervisor (in a container of its own) that reloads the broker when the list of agents changes. */
export const WATCHED_FILE = 'watched';
const WATCHED_WITHIN = 10 * SECOND;

/** `not_here`: no broker of this folder runs on this machine; one that runs elsewhere (a container) needs a SIGHUP there. */
export type Reload = 'reloaded' | 'not_here';

/** Tells the broker that serves `dir` to read its configuration again: nobody is disconnected who is still allowed in. */
export async function reloadBroker(dir: string, clock: Clock = systemClock): Promise<Reload> {
  const watched = await stat(path.join(dir, WATCHED_FILE)).then(({ mtimeMs }) => clock.now() - mtimeMs < WATCHED_WITHIN, () => false);
  if (watched) return 'reloaded';
  const pid = Number(await readFile(path.join(dir, PID_FILE), 'utf8').catch(() => ''));
  // A number left by a dead broker may name somebody else's process by now, which a SIGHUP would end.
  if (!Number.isInteger(pid) || pid < 1 || !(await commandOf(pid)).includes(path.join(dir, CONFIG_FILE))) return 'not_here';
  try {
    process.kill(pid, 'SIGHUP');
    return 'reloaded';
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return 'not_here';
    throw cause;
  }
}

async function commandOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).then(({ stdout }) => stdout, () => ''); // macOS has no /proc
  }
}
