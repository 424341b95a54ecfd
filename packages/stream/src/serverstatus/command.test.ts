import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fileAccounts } from './accounts.js';

const COMMAND = fileURLToPath(new URL('./command.ts', import.meta.url));
const PROGRAM = `
  import { Command } from 'commander';
  import { registerServerStatus } from ${JSON.stringify(COMMAND)};
  const program = new Command();
  registerServerStatus(program, { file: () => process.env.FILE, trouble: (sentence) => new Error(sentence) });
  program.parseAsync(process.argv.slice(1), { from: 'user' }).catch((error) => { process.stderr.write(error.message); process.exitCode = 2; });
`;

it('adds, lists and removes accounts, with the password from standard input', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-command-'));
  const file = path.join(folder, 'serverstatus.json');
  const run = async (args: string[], input = '') => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', '--input-type=module', '-e', PROGRAM, ...args], { cwd: path.dirname(COMMAND), env: { ...process.env, FILE: file } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stdin.end(input);
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  };
  try {
    expect(await run(['serverstatus', 'add', 's01', '--name', '实验室一号'], 'pa:ss\n')).toEqual({ code: 0, output: 's01 may report.\n' });
    expect(await fileAccounts(file).verify('s01', 'pa:ss')).toMatchObject({ name: '实验室一号' });
    expect((await run(['serverstatus', 'list'])).output).toBe('s01  实验室一号\n');
    expect(await run(['serverstatus', 'add', 'S 1'], 'x\n')).toMatchObject({ code: 2, output: expect.stringContaining('cannot name a server') as string });
    expect((await run(['serverstatus', 'remove', 's01'])).output).toBe('s01 may report no more.\n');
    expect(await run(['serverstatus', 'remove', 's01'])).toMatchObject({ code: 2, output: 'There is no ServerStatus account s01.' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
