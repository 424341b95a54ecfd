// npm run faults [-- --kills 50 --minutes M --seed S --short]: kills every part at random while samples come, and counts what the
// database has in the end. What it finds is reported, not hidden: the exit code is 0 whatever the figures.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Trouble, main, say } from './say.mjs';
import { ROOT, build, checkDisk, checkNode, install } from './workspace.mjs';

await main(async () => {
  checkNode();
  await checkDisk(ROOT);
  await install(say);
  await build(say);
  const { status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--conditions=@vacancy/source', path.join('test', 'faults', 'index.ts'), ...process.argv.slice(2)],
    { cwd: ROOT, stdio: 'inherit' },
  );
  if (status !== 0) throw new Trouble(`The fault suite itself failed (exit ${status}).`);
});
