import { execFile } from 'node:child_process';
import { access, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { dataDir, refuseWhileRunning } from './data-dir.js';
import { CommandError } from './hub-api.js';

const run = promisify(execFile);

/**
 * `backup` and `restore` of the data folder: the broker's streams, the embedded database, the store's journal, keys and holds belong together, so they are
 * copied together, while nothing runs. With a database or a broker elsewhere, back those up by their own means.
 */
export function registerBackup(program: Command): void {
  program
    .command('backup <file>')
    .description('copy the data folder into a .tar.gz; Vacancy must be stopped')
    .action(async (file: string) => {
      const data = dataDir();
      await refuseWhileRunning(data);
      if (!(await exists(data))) throw new CommandError(`There is no data folder at ${data}.`);
      // It holds keys: nobody else may read it, from its first byte on.
      process.umask(0o077);
      await tar('-czf', path.resolve(file), '--exclude=./logs', '--exclude=./vacancy.lock', '-C', data, '.');
      process.stdout.write(`${data} is in ${file}. It holds keys and is for your eyes only: keep it so.\n`);
    });

  program
    .command('restore <file>')
    .description('bring a backup back into an empty data folder')
    .action(async (file: string) => {
      const data = dataDir();
      await refuseWhileRunning(data);
      const inside = await readdir(data).catch(() => []);
      if (inside.some((name) => name !== 'logs')) throw new CommandError(`${data} is not empty: move it away first, or set VACANCY_DATA_DIR to another folder.`);
      if (!(await exists(file))) throw new CommandError(`There is no file ${file}.`);
      await mkdir(data, { recursive: true });
      await tar('-xzf', path.resolve(file), '-C', data);
      process.stdout.write(`${file} is back in ${data}.\n`);
    });
}

const exists = (file: string): Promise<boolean> => access(file).then(() => true, () => false);

async function tar(...args: string[]): Promise<void> {
  await run('tar', args, { maxBuffer: 1e7 }).catch((cause: Error & { stderr?: string }) => {
    throw new CommandError(`tar could not do it: ${(cause.stderr ?? cause.message).trim()}`, { cause });
  });
}
