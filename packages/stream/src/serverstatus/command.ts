import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { addAccount, readAccounts, removeAccount } from './accounts.js';

export interface AccountCommandOptions {
  /** The file of the accounts, asked for when a command runs. */
  readonly file: () => string;
  /** Makes an error of a sentence for the person at the terminal. */
  readonly trouble: (sentence: string) => Error;
}

/** `serverstatus add | remove | list`: who may report through the listener. The password comes by standard input, never as an argument. */
export function registerServerStatus(program: Command, { file, trouble }: AccountCommandOptions): void {
  const group = program.command('serverstatus').description('accounts of ServerStatus clients');

  group
    .command('add <user>')
    .description('add a client, or give it a new password (asked for, or read from standard input)')
    .option('--name <text>', 'alias for the pages')
    .option('--location <text>', 'place for the pages')
    .action(async (user: string, options: { name?: string; location?: string }) => {
      const password = await readPassword();
      await addAccount(file(), { user, password, ...options }).catch((cause: unknown) => {
        throw cause instanceof RangeError ? trouble(`${cause.message}.`) : cause;
      });
      process.stdout.write(`${user} may report.\n`);
    });

  group
    .command('remove <user>')
    .description('remove a client; its connection ends within a minute')
    .action(async (user: string) => {
      if (!(await removeAccount(file(), user))) throw trouble(`There is no ServerStatus account ${user}.`);
      process.stdout.write(`${user} may report no more.\n`);
    });

  group
    .command('list')
    .description('the clients that may report')
    .action(async () => {
      for (const [user, { name }] of await readAccounts(file())) process.stdout.write(`${user}${name ? `  ${name}` : ''}\n`);
    });
}

async function readPassword(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdin.isTTY ? process.stderr : undefined });
  try {
    if (process.stdin.isTTY) return await lines.question('Password: ');
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}
