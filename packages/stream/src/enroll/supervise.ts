import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimes, writeFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SECOND, systemClock, type Clock } from '@vacancy/shared';
import type { Log } from '../log.js';
import { AGENTS_FILE } from './agents.js';
import type { Hub } from './hub.js';
import { WATCHED_FILE } from './reload.js';

const LOOK_EVERY = SECOND / 2;

/** @throws when there is no such program. @returns for example 2.14.5 */
export async function brokerVersion(binary: string): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, ['--version']);
  return /(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? '0';
}

/**
 * Runs nats-server until it ends or `signal` asks, and makes it read its configuration again when the list of agents changes:
 * `vacancy enroll` in another container can't send it a signal. @returns its exit code.
 */
export async function superviseBroker(binary: string, hub: Hub, { signal, log }: { signal: AbortSignal; log: Log }, clock: Clock = systemClock): Promise<number> {
  const agents = path.join(hub.dir, AGENTS_FILE);
  const watched = path.join(hub.dir, WATCHED_FILE);
  const child = spawn(binary, ['-c', hub.config], { stdio: ['ignore', 'inherit', 'inherit'] });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  watchFile(agents, { interval: LOOK_EVERY }, () => {
    log.info('the list of agents changed');
    child.kill('SIGHUP');
  });
  let cancel = () => {};
  const touch = async (): Promise<void> => {
    const now = new Date(clock.now());
    await utimes(watched, now, now).catch(() => writeFile(watched, ''));
    cancel = clock.setTimer(SECOND, () => void touch());
  };
  try {
    await touch();
    const [code] = (await once(child, 'exit')) as [number | null];
    return signal.aborted ? 0 : (code ?? 1);
  } finally {
    cancel();
    unwatchFile(agents);
    signal.removeEventListener('abort', stop);
  }
}
