// Installs and builds the workspace when something changed since the last time; says nothing when there is nothing to do.

import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, readdir, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Trouble } from './say.mjs';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const VERSION = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version;

/**
 * For the service: large pages under its windows, where glibc does the allocating. With 1,000 servers a sample touches some sixteen places of
 * which none is in the processor's address cache; a fifth to a quarter of the windows' time was measured to be that (bench/windows).
 */
export const LARGE_PAGES = { GLIBC_TUNABLES: process.env.GLIBC_TUNABLES ?? 'glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304' };

const PNPM = 'pnpm@12';
const STAMPS = path.join(ROOT, 'node_modules/.cache/vacancy');
const LEAST_NODE = [20, 19];
/** What an installation and a first day of data need; less ends in errors that explain nothing. */
const LEAST_FREE_BYTES = 2e9;

export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1])) {
    throw new Trouble(`Vacancy needs Node.js ${LEAST_NODE.join('.')} or newer; this is ${process.versions.node}. See https://nodejs.org/en/download.`);
  }
  if (process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime) {
    throw new Trouble('The embedded database needs a Linux with glibc (Debian, Ubuntu, Fedora …); this one (Alpine?) has none.');
  }
}

export async function checkDisk(folder) {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < LEAST_FREE_BYTES) {
    throw new Trouble(`Only ${Math.round((bavail * bsize) / 1e6)} MB are free on the disk of ${folder}; Vacancy needs 2 GB to install and start. Make room and try again.`);
  }
}

/** Installs the packages of the lockfile, unless they stand as the lockfile says. */
export async function install(say) {
  const lock = await readFile(path.join(ROOT, 'pnpm-lock.yaml'), 'utf8');
  if ((await stamp('install')) === lock) return;
  say('installing packages (about 200 MB the first time)');
  await runQuietly('npx', ['--yes', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'], say, /Progress: resolved \d+, .*added \d+/);
  await setStamp('install', lock);
}

/** Builds all packages, unless nothing is newer than the last build. */
export async function build(say) {
  const newest = String(await newestSource());
  if ((await stamp('build')) === newest && exists('packages/web/dist/index.html') && exists('packages/stream/dist/main.js')) return;
  say('building the services');
  const bin = (name) => path.join(ROOT, 'node_modules/.bin', name);
  await runQuietly(bin('tsc'), ['--build', ...['shared', 'agent', 'stream'].map((name) => `packages/${name}/tsconfig.build.json`)], say);
  say('building the pages');
  await runQuietly(path.join(ROOT, 'packages/web/node_modules/.bin/vite'), ['build', '--logLevel', 'warn'], say, undefined, path.join(ROOT, 'packages/web'));
  await setStamp('build', newest);
}

/** @returns {Promise<void>} rejects with the command's own output when it fails */
export function runQuietly(command, args, say, progress, cwd = ROOT) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CI: 'true' } });
    let output = '';
    let saidAt = Date.now();
    const take = (chunk) => {
      output = (output + chunk).slice(-20_000);
      const line = progress?.exec(String(chunk))?.[0];
      if (line && Date.now() - saidAt > 2000) {
        saidAt = Date.now();
        say(`  ${line}`);
      }
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (cause) => reject(new Trouble(`${command} could not be started: ${cause.message}`)));
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Trouble(`${output}\n"${path.basename(command)} ${args.join(' ')}" failed${hint(output)}`));
    });
  });
}

function hint(output) {
  if (/ENOSPC/.test(output)) return ': the disk is full. Make room and try again.';
  if (/ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/.test(output)) return ': the package registry cannot be reached from here.';
  return '; what it printed stands above.';
}

const exists = (file) => {
  try {
    return statSync(path.join(ROOT, file)).isFile();
  } catch {
    return false;
  }
};

async function newestSource() {
  let newest = (await stat(path.join(ROOT, 'pnpm-lock.yaml'))).mtimeMs;
  const walk = async (folder) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.endsWith('.tsbuildinfo')) continue;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) await walk(file);
      else newest = Math.max(newest, (await stat(file)).mtimeMs);
    }
  };
  await walk(path.join(ROOT, 'packages'));
  return newest;
}

const stamp = (name) => readFile(path.join(STAMPS, name), 'utf8').catch(() => null);

async function setStamp(name, text) {
  await mkdir(STAMPS, { recursive: true });
  await writeFile(path.join(STAMPS, name), text);
}
