// npm run bench -- NAME [...]: runs bench/NAME; without a name it lists them. A missed goal is reported, not hidden: the exit code is 0 whatever the figures.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Trouble, main, say } from './say.mjs';
import { LARGE_PAGES, ROOT, build, checkNode, install } from './workspace.mjs';

/** Those that measure code alone, by its CPU time: as the service runs it, without the translator of TypeScript in the process. */
const MEASURED_AS_BUILT = new Set(['windows']);

await main(async () => {
  const [name, ...args] = process.argv.slice(2);
  const names = readdirSync(path.join(ROOT, 'bench'), { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  if (!name || !names.includes(name)) throw new Trouble(`Usage: npm run bench -- NAME, where NAME is one of ${names.join(', ')}`);
  checkNode();
  await install(say);
  await build(say);
  const entry = path.join('bench', name, 'index.ts');
  const program = MEASURED_AS_BUILT.has(name) ? [await translate(entry)] : ['--import', 'tsx', '--conditions=@vacancy/source', entry];
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', ...program, ...args],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...(name !== 'agent' && LARGE_PAGES) } }, // as the service and the agent are started
  );
  if (status !== 0) throw new Trouble(`The benchmark itself failed (exit ${status}).`);
});

/** Translates a benchmark, in which the product's sources stand for what was built from them; returns the program's path. */
async function translate(entry) {
  const esbuild = await import('esbuild');
  const outfile = entry.replace(/index\.ts$/, 'built.mjs');
  const built = {
    name: 'built',
    setup: (build) => build.onResolve({ filter: /packages\/\w+\/src\// }, ({ path: source }) => ({ path: source.replace('/src/', '/dist/'), external: true })),
  };
  await esbuild.build({ entryPoints: [entry], outfile, absWorkingDir: ROOT, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error', plugins: [built] });
  return outfile;
}
