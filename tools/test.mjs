// npm test: sets up, then types, lint, unit tests, tests on real servers, faults and tests in a real browser.
// Ends with one line over all of them: "N passed, N failed".

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { resolveChromium } from './chromium.mjs';
import { resolveNatsServer } from './nats-server.mjs';
import { main, say } from './say.mjs';
import { ROOT, build, checkNode, install } from './workspace.mjs';

const bin = (name) => path.join(ROOT, 'node_modules/.bin', name);

/** A suite runs a command and counts: by its report where it writes one, else as one check that passed or failed. */
const SUITES = [
  { name: 'types', command: bin('tsc'), args: () => ['--build', 'tsconfig.json'] },
  { name: 'types of the tests', command: bin('tsc'), args: () => ['-p', 'test'] },
  { name: 'types of the benchmarks', command: bin('tsc'), args: () => ['-p', 'bench'] },
  { name: 'types of the pages', command: path.join(ROOT, 'packages/web/node_modules/.bin/vue-tsc'), args: () => ['--noEmit', '-p', 'packages/web/tsconfig.json'] },
  { name: 'lint', command: bin('eslint'), args: () => ['.', '--max-warnings', '0'] },
  { name: 'import directions', command: bin('depcruise'), args: () => ['packages', '--config', '.dependency-cruiser.cjs', '--output-type', 'err'] },
  { name: 'unit', command: bin('vitest'), args: (report) => ['run', '--project', 'unit', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], count: vitest },
  { name: 'integration', command: bin('vitest'), args: (report) => ['run', '--project', 'integration', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], count: vitest },
  { name: 'browser', command: bin('playwright'), args: () => ['test', '--config', 'test/e2e/playwright.config.ts', '--reporter=list,json'], count: playwright },
];

await main(async () => {
  checkNode();
  await install(say);
  await build(say);
  const chromium = await resolveChromium({ say });
  const nats = await resolveNatsServer({ say });
  say(`nats-server ${nats.version} (${nats.source}), ${chromium}`);
  const only = process.argv.slice(2);
  const reports = await mkdtemp(path.join(tmpdir(), 'vacancy-test-'));
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of SUITES.filter(({ name }) => only.length === 0 || only.includes(name))) {
    say(`── ${suite.name}`);
    const report = path.join(reports, `${suite.name.replaceAll(' ', '-')}.json`);
    const code = await run(suite.command, suite.args(report), {
      NATS_SERVER_BIN: nats.path, CHROMIUM_BIN: chromium, PLAYWRIGHT_JSON_OUTPUT_NAME: report,
    });
    const counted = (suite.count && (await suite.count(report).catch(() => null))) ?? { passed: Number(code === 0), failed: Number(code !== 0), skipped: 0 };
    // A suite that broke outside its tests has failed, whatever it counted.
    if (code !== 0 && counted.failed === 0) counted.failed = 1;
    for (const key of Object.keys(total)) total[key] += counted[key];
    say(`── ${suite.name}: ${line(counted)}`);
  }
  await rm(reports, { recursive: true, force: true });
  process.exitCode = total.failed > 0 ? 1 : 0;
  console.log(line(total));
});

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

async function vitest(report) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests = 0 } = JSON.parse(await readFile(report, 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests };
}

async function playwright(report) {
  const { stats } = JSON.parse(await readFile(report, 'utf8'));
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
}

function run(command, args, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
    child.on('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
