// Finds a nats-server, or brings one: NATS_SERVER_BIN, PATH, a cached official release with a pinned checksum,
// Debian's package unpacked without installing it (no root, no service on 4222), else a sentence that names the ways.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, constants, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Trouble } from './say.mjs';

const run = promisify(execFile);

const RELEASE = '2.14.5';
const SHA256 = {
  amd64: '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355',
  arm64: '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c',
};
const RELEASE_TIMEOUT_MS = 60_000;
/** Older ones run (Debian 12 has 2.9.10) but carry known vulnerabilities: see docs/howto/nats-version.md. */
const PRODUCTION = ['2.11.16', '2.12.7', '2.14.0'];

/**
 * @param {{ say?: (text: string) => void, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ path: string, version: string, source: 'NATS_SERVER_BIN' | 'PATH' | 'cache' | 'release' | 'debian' }>}
 */
export async function resolveNatsServer({ say = () => {}, env = process.env } = {}) {
  if (env.NATS_SERVER_BIN) {
    const version = await versionOf(env.NATS_SERVER_BIN);
    if (!version) throw new Trouble(`NATS_SERVER_BIN names ${env.NATS_SERVER_BIN}, which does not run as a nats-server. Correct it or unset it.`);
    return { path: env.NATS_SERVER_BIN, version, source: 'NATS_SERVER_BIN' };
  }
  const inPath = await fromPath(env.PATH ?? '');
  if (inPath) return { ...inPath, source: 'PATH' };

  const cache = path.join(env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'vacancy');
  const release = path.join(cache, `nats-server-${RELEASE}`);
  const debian = path.join(cache, 'nats-server-debian');
  for (const cached of [release, debian]) {
    const version = await versionOf(cached);
    if (version) return { path: cached, version, source: 'cache' };
  }

  await mkdir(cache, { recursive: true });
  if (await fetchRelease(release, say)) return { path: release, version: RELEASE, source: 'release' };
  if (await unpackDebian(debian, say)) return { path: debian, version: /** @type {string} */ (await versionOf(debian)), source: 'debian' };
  throw new Trouble(
    'No nats-server was found, and neither the official release nor Debian\'s package could be fetched.\n' +
      'Install one (Debian and Ubuntu: "apt-get install nats-server"; macOS: "brew install nats-server"), or unpack a release\n' +
      'and set NATS_SERVER_BIN to its path, or set VACANCY_NATS_URL to a server that is running.',
  );
}

/** Whether a version is one to run in production. */
export function isProductionVersion(version) {
  const [major, minor, patch] = parts(version);
  if (major !== 2 || minor > 14) return major >= 2;
  return PRODUCTION.some((least) => {
    const [, leastMinor, leastPatch] = parts(least);
    return minor === leastMinor && patch >= leastPatch;
  });
}

const parts = (version) => version.split('.').map(Number);

async function versionOf(file) {
  try {
    const { stdout } = await run(file, ['--version'], { timeout: 10_000 });
    return /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
}

async function fromPath(PATH) {
  for (const folder of [...PATH.split(path.delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const file = path.join(folder, 'nats-server');
    const found = await access(file, constants.X_OK).then(() => true, () => false);
    const version = found && (await versionOf(file));
    if (version) return { path: file, version };
  }
  return null;
}

async function fetchRelease(target, say) {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (process.platform !== 'linux' || !arch) return false;
  const name = `nats-server-v${RELEASE}-linux-${arch}`;
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-nats-'));
  try {
    const answer = await fetch(`https://github.com/nats-io/nats-server/releases/download/v${RELEASE}/${name}.tar.gz`, {
      signal: AbortSignal.timeout(RELEASE_TIMEOUT_MS),
    });
    if (!answer.ok) return false;
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (createHash('sha256').update(bytes).digest('hex') !== SHA256[arch]) {
      say(`the nats-server release that arrived does not have the expected checksum; it is not used`);
      return false;
    }
    const archive = path.join(folder, 'release.tar.gz');
    await writeFile(archive, bytes);
    await run('tar', ['-xzf', archive, '-C', folder]);
    await place(path.join(folder, name, 'nats-server'), target);
    return true;
  } catch {
    return false; // no way to GitHub from here: the next way is taken quietly
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpackDebian(target, say) {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-nats-'));
  const download = () => run('apt-get', ['download', 'nats-server'], { cwd: folder, timeout: 120_000 });
  try {
    await download().catch(async () => {
      // A fresh machine has no package lists yet; they can be fetched into a folder of our own, without root.
      say('fetching Debian\'s package lists');
      await mkdir(path.join(folder, 'lists/partial'), { recursive: true });
      const lists = ['-o', `Dir::State::lists=${path.join(folder, 'lists')}`, '-o', `Dir::Cache=${folder}`, '-o', 'APT::Sandbox::User='];
      await run('apt-get', [...lists, 'update'], { timeout: 120_000 });
      await run('apt-get', [...lists, 'download', 'nats-server'], { cwd: folder, timeout: 120_000 });
    });
    const deb = (await readdir(folder)).find((file) => file.endsWith('.deb'));
    if (!deb) return false;
    await run('dpkg-deb', ['-x', path.join(folder, deb), path.join(folder, 'unpacked')]);
    await place(path.join(folder, 'unpacked/usr/sbin/nats-server'), target);
    return (await versionOf(target)) !== null;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function place(from, to) {
  const next = `${to}.${process.pid}`;
  await copyFile(from, next);
  await chmod(next, 0o755);
  await rename(next, to);
}
