import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { INVENTORY_STREAM, INVENTORY_SUBJECTS, SAMPLES_STREAM, SAMPLE_SUBJECTS, decodeInventory, decodeSample, inventorySubject, sampleSubject } from '@vacancy/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packAgent } from '../../deploy/agent/pack.mjs';
import { enroll, installLine, installScriptSha256 } from '../../packages/stream/src/enroll/index.js';
import { TestHub, seedOf } from '../harness/hub.js';
import { waitFor } from '../harness/nats.js';

let folder: string;
let files: string;
let hub_url: string;
const pages = createServer((request, response) => {
  readFile(path.join(files, path.basename(request.url!))).then((data) => response.end(data), () => response.writeHead(404).end());
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vacancy-install-'));
  files = path.join(folder, 'files');
  await packAgent(files);
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  hub_url = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
  // The line says sudo; a test lays files into a folder of its own instead.
  await mkdir(path.join(folder, 'bin'));
  await writeFile(path.join(folder, 'bin/sudo'), '#!/bin/sh\nexec "$@"\n');
  await chmod(path.join(folder, 'bin/sudo'), 0o755);
});
afterAll(async () => {
  pages.close();
  await rm(folder, { recursive: true, force: true });
});

interface Pasted {
  readonly root: string;
  readonly code: number;
  readonly output: string;
}

async function paste(line: string, name: string, tools = `${folder}/bin:${process.env.PATH}`): Promise<Pasted> {
  const root = path.join(folder, name);
  await mkdir(root, { recursive: true });
  const env = { ...process.env, PATH: tools, TMPDIR: folder, DESTDIR: root };
  return promisify(execFile)('sh', ['-c', line], { env }).then(
    ({ stdout, stderr }) => ({ root, code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ root, code: error.code, output: error.stdout + error.stderr }),
  );
}

const seed = `SU${'A'.repeat(56)}`;
const lineFor = async (changes: object = {}) =>
  installLine({ id: 'gpu01', seed, hub_url, nats_url: 'nats://127.0.0.1:4222', install_sha256: (await installScriptSha256(files))!, ...changes });

describe('the line of an enrolment', () => {
  it('installs an agent that then reports to the hub as itself', async () => {
    await using hub = await TestHub.start();
    const stream = await hub.connect({ seed: seedOf(hub.hub) });
    const manager = await jetstreamManager(stream);
    await manager.streams.add({ name: SAMPLES_STREAM, subjects: [SAMPLE_SUBJECTS] });
    await manager.streams.add({ name: INVENTORY_STREAM, subjects: [INVENTORY_SUBJECTS] });
    const enrolment = await enroll(hub.hub.dir, 'gpu01');

    const { root, code, output } = await paste(await lineFor({ seed: enrolment.seed, nats_url: `nats://127.0.0.1:${hub.port}` }), 'whole');
    expect(output).toContain('laid under');
    expect(code).toBe(0);

    const settings = Object.fromEntries((await readFile(path.join(root, 'etc/vacancy-agent/hub.env'), 'utf8')).trim().split('\n').map((line) => line.split('=') as [string, string]));
    expect(settings).toEqual({ VACANCY_SERVER_ID: 'gpu01', VACANCY_NATS_URL: `nats://127.0.0.1:${hub.port}`, VACANCY_CREDENTIALS: '/etc/vacancy-agent/agent.nk' });
    const agent = spawn(process.execPath, [path.join(root, 'opt/vacancy-agent/dist/main.js')], {
      env: { PATH: process.env.PATH!, ...settings, VACANCY_CREDENTIALS: path.join(root, settings.VACANCY_CREDENTIALS!), VACANCY_DATA_DIR: path.join(root, 'spool'), VACANCY_INTERVAL_MS: '250' },
      stdio: 'ignore',
    });
    try {
      const stored = async (name: string) => (await manager.streams.info(name)).state.messages;
      await waitFor(async () => (await stored(SAMPLES_STREAM)) >= 3 && (await stored(INVENTORY_STREAM)) >= 1, 20_000, 'samples of the installed agent');
      const sample = await manager.streams.getMessage(SAMPLES_STREAM, { last_by_subj: sampleSubject('gpu01') });
      expect(decodeSample(sample!.subject, sample!.data)).toMatchObject({ ok: true });
      const inventory = await manager.streams.getMessage(INVENTORY_STREAM, { last_by_subj: inventorySubject('gpu01') });
      expect(decodeInventory(inventory!.subject, inventory!.data)).toMatchObject({ ok: true, value: { agent_version: expect.stringMatching(/^\d/) as string } });
    } finally {
      const exit = once(agent, 'exit');
      agent.kill();
      await exit;
    }
  });

  it('needs no sudo where root pastes it on a machine that has none', async () => {
    const tools = path.join(folder, 'tools');
    await mkdir(tools);
    const names = (process.env.PATH ?? '').split(':').map((from) => readdir(from).then((files) => files.map((file) => [file, path.join(from, file)] as const), () => []));
    for (const [file, from] of (await Promise.all(names)).flat()) if (file !== 'sudo') await symlink(from, path.join(tools, file)).catch(() => {});
    const { output, code } = await paste(await lineFor(), 'without-sudo', tools);
    expect(output).toContain('laid under');
    expect(code).toBe(0);
  });

  it('brings along what knows the system and the processor best', async () => {
    const { root } = await paste(await lineFor(), 'facts');
    const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, 'opt/vacancy-agent/dist/static-child.js')]);
    expect(JSON.parse(stdout)).toMatchObject({ os: expect.stringMatching(/./) as string, kernel: expect.stringMatching(/^\d/) as string });
    expect(await readdir(path.join(root, 'opt/vacancy-agent/licenses'))).toContainEqual(expect.stringMatching(/^systeminformation-/));
  });

  it('leaves the key readable for root and the agent alone, and the unit with a Node that is there', async () => {
    const { root } = await paste(await lineFor(), 'modes');
    expect((await stat(path.join(root, 'etc/vacancy-agent/agent.nk'))).mode & 0o777).toBe(0o640);
    expect((await stat(path.join(root, 'etc/vacancy-agent'))).mode & 0o777).toBe(0o750);
    const unit = await readFile(path.join(root, 'etc/systemd/system/vacancy-agent.service'), 'utf8');
    expect((await stat(/^ExecStart=(\S+)/m.exec(unit)![1]!)).isFile()).toBe(true);
    expect(unit).not.toContain('@NODE@');
  });

  it('keeps the settings that somebody made when it is run again, and takes the new key', async () => {
    const { root } = await paste(await lineFor(), 'again');
    await appendFile(path.join(root, 'etc/vacancy-agent/agent.env'), 'VACANCY_LOCATION=B-204\n');
    const fresh = `SU${'B'.repeat(56)}`;
    expect((await paste(await lineFor({ seed: fresh }), 'again')).code).toBe(0);
    expect(await readFile(path.join(root, 'etc/vacancy-agent/agent.env'), 'utf8')).toContain('VACANCY_LOCATION=B-204');
    expect(await readFile(path.join(root, 'etc/vacancy-agent/agent.nk'), 'utf8')).toBe(`${fresh}\n`);
  });

  it('installs nothing when the script or the archive is not what the hub said', async () => {
    const line = await lineFor();
    await copyFile(path.join(files, 'agent.tgz'), path.join(folder, 'agent.tgz.kept'));
    await copyFile(path.join(files, 'install.sh'), path.join(folder, 'install.sh.kept'));
    await appendFile(path.join(files, 'agent.tgz'), 'x');
    const archive = await paste(line, 'archive');
    expect(archive.output).toContain("is not what the hub's checksum says; nothing was installed");
    await appendFile(path.join(files, 'install.sh'), '\ntouch "$DESTDIR/owned"\n');
    const script = await paste(line, 'script');
    expect(script.output).toContain('install.sh: FAILED');
    for (const { root, code } of [archive, script]) {
      expect(code).not.toBe(0);
      await expect(stat(path.join(root, 'opt'))).rejects.toThrow('ENOENT');
      await expect(stat(path.join(root, 'owned'))).rejects.toThrow('ENOENT');
    }
    await copyFile(path.join(folder, 'agent.tgz.kept'), path.join(files, 'agent.tgz'));
    await copyFile(path.join(folder, 'install.sh.kept'), path.join(files, 'install.sh'));
  });

  it("brings the hub's Node to a server that has none", async () => {
    // A PATH without node, as a GPU server has it; /usr/bin/node is out of reach only where it is elsewhere, so the script's own list is cut as well.
    const script = (await readFile(path.join(files, 'install.sh'), 'utf8')).replace('/usr/bin/node /usr/local/bin/node', '').replaceAll('command -v node', 'false');
    await writeFile(path.join(folder, 'without-node.sh'), script);
    const { root, output } = await paste(`echo ${seed} | sh ${folder}/without-node.sh gpu01 nats://127.0.0.1:4222 ${hub_url}`, 'without-node');
    expect(output).toContain('laid under');
    const { stdout } = await promisify(execFile)(path.join(root, 'opt/vacancy-agent/bin/node'), ['--version']);
    expect(stdout.trim()).toBe(process.version);
    expect(await readFile(path.join(root, 'etc/systemd/system/vacancy-agent.service'), 'utf8')).toContain('ExecStart=/opt/vacancy-agent/bin/node ');
  });

  it('leaves behind what takes it away again, to the last file', async () => {
    const { root } = await paste(await lineFor(), 'gone');
    await mkdir(path.join(root, 'var/lib/vacancy-agent'), { recursive: true });
    const { output, code } = await paste(`sh ${root}/opt/vacancy-agent/install.sh --remove`, 'gone');
    expect(output).toContain('The Vacancy agent is gone');
    expect(code).toBe(0);
    const left = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => !entry.isDirectory());
    expect(left).toEqual([]);
  });

  it('refuses to be called with what is no enrolment', async () => {
    const call = (args: string, key = seed) => paste(`echo '${key}' | sh ${files}/install.sh ${args}`, 'refused');
    expect((await call(`'a/../b' nats://h:1 ${hub_url}`)).output).toContain('is no server id');
    expect((await call(`gpu01 http://h:1 ${hub_url}`)).output).toContain('is no broker address');
    expect((await call(`gpu01 'nats://h:1/$(x)' ${hub_url}`)).output).toContain('does not belong there');
    expect((await call(`gpu01 nats://h:1 ${hub_url}`, 'SUx')).output).toContain('the key on standard input');
    expect((await call('gpu01')).output).toContain('usage');
  });
});
