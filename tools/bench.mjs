// npm run bench -- NAME [...]: runs bench/NAME; without a name it lists them. A missed goal is reported, not hidden: the exit code is 0 whatever the figures.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Trouble, main, say } from './say.mjs';
import { LARGE_PAGES, ROOT, build, checkNode, install } from './workspace.mjs';

await main(async () => {
  const [name, ...args] = process.argv.slice(2);
  const names = readdirSync(path.join(ROOT, 'bench'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (!name || !names.includes(name)) throw new Trouble(`Usage: npm run bench -- NAME, where NAME is one of ${names.join(', ')}`);
  checkNode();
  await install(say);
  await build(say);
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', '--conditions=@vacancy/source', path.join('bench', name, 'index.ts'), ...args],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...(name !== 'agent' && LARGE_PAGES) } }, // as the service and the agent are started
  );
  if (status !== 0) throw new Trouble(`The benchmark itself failed (exit ${status}).`);
});
