// Makes what the hub serves under /agent/: the agent in one archive, the install script that knows its checksum,
// and the Node that builds it, for servers that have none.
//   node deploy/agent/pack.mjs [output folder]

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, copyFile, mkdir, mkdtemp, readFile, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { build } from 'esbuild';

const run = promisify(execFile);
const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
export const AGENT_FILES = path.join(HERE, 'dist');

/** @returns {Promise<{ install_sha256: string, agent_sha256: string }>} */
export async function packAgent(out = AGENT_FILES) {
  const staging = await mkdtemp(path.join(tmpdir(), 'vacancy-pack-'));
  try {
    await mkdir(out, { recursive: true });
    await stageAgent(path.join(staging, 'vacancy-agent'));
    const archive = path.join(staging, 'agent.tgz');
    await run('tar', ['-czf', archive, '-C', staging, 'vacancy-agent']);
    const agent_sha256 = await sha256(archive);
    const node = await passOnNode(out);
    const install = await fill(path.join(HERE, 'install.sh'), {
      VERSION: await version(), AGENT_SHA256: agent_sha256, NODE_FILE: node?.file ?? '', NODE_SHA256: node?.sha256 ?? '',
    });
    await copyFile(archive, path.join(out, 'agent.tgz.new'));
    await rename(path.join(out, 'agent.tgz.new'), path.join(out, 'agent.tgz'));
    await writeFile(path.join(out, 'install.sh.new'), install);
    await rename(path.join(out, 'install.sh.new'), path.join(out, 'install.sh'));
    return { install_sha256: createHash('sha256').update(install).digest('hex'), agent_sha256 };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The agent without node_modules, with what the installer lays beside it. What looks up the system and ends is a file of its own. */
export async function stageAgent(folder) {
  await mkdir(path.join(folder, 'dist'), { recursive: true });
  const { metafile } = await build({
    entryPoints: ['main.ts', 'collect/static-child.ts'].map((file) => path.join(ROOT, 'packages/agent/src', file)),
    outdir: path.join(folder, 'dist'), entryNames: '[name]',
    bundle: true, platform: 'node', format: 'esm', target: 'node20.19', conditions: ['@vacancy/source'],
    // The libraries are CommonJS and ask for Node's own modules by require().
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    metafile: true, logLevel: 'warning',
  });
  await copyLicenses(Object.keys(metafile.inputs), path.join(folder, 'licenses'));
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify({ name: 'vacancy-agent', version: await version(), type: 'module', private: true, license: 'MIT' }, null, 2)}\n`);
  for (const file of ['vacancy-agent.service', 'agent.env', 'README.md']) await copyFile(path.join(HERE, file), path.join(folder, file));
  await copyFile(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
}

async function copyLicenses(inputs, folder) {
  await mkdir(folder, { recursive: true });
  const packages = new Set(inputs.map((file) => /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(file)).filter(Boolean).map(([, where, name]) => `${where}\n${name}`));
  for (const entry of packages) {
    const [where, name] = entry.split('\n');
    const from = path.resolve(where);
    for (const file of (await readdir(from)).filter((file) => /^(licen[cs]e|notice)/i.test(file)))
      await copyFile(path.join(from, file), path.join(folder, `${name.replace('/', '-')}-${file}`));
  }
}

/** Official and NodeSource builds are one file that runs wherever glibc is as new; Debian's own needs libnode.so beside it. */
async function passOnNode(out) {
  if (process.platform !== 'linux') return null;
  const binary = await realpath(process.execPath);
  const { stdout } = await run('ldd', [binary]).catch(() => ({ stdout: 'libnode' }));
  if (stdout.includes('libnode') || stdout.includes('musl')) return null;
  const file = `node-${process.version}-linux-${process.arch}.gz`;
  const target = path.join(out, file);
  if (!(await access(target).then(() => true, () => false))) {
    await pipeline(createReadStream(binary), createGzip(), createWriteStream(`${target}.new`));
    await rename(`${target}.new`, target);
  }
  return { file, sha256: await sha256(target) };
}

async function fill(file, values) {
  const text = await readFile(file, 'utf8');
  return text.replace(/@([A-Z0-9_]+)@/g, (whole, name) => values[name] ?? whole);
}

const version = async () => JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')).version;

async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { install_sha256 } = await packAgent(process.argv[2] && path.resolve(process.argv[2]));
  process.stdout.write(`packed; sha256 of install.sh ${install_sha256}\n`);
}
