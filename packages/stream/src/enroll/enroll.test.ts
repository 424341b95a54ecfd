import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fromSeed } from '@nats-io/nkeys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enroll, listEnrolled, revoke } from './agents.js';
import { hubDir, prepareHub } from './hub.js';
import { installLine } from './install-line.js';
import { natsConfig } from './nats-config.js';
import { isOpen } from './open.js';
import { reloadBroker } from './reload.js';

const STREAM = `U${'A'.repeat(55)}`;
const options = { host: '127.0.0.1', port: 4222, stream_nkey: STREAM, store_dir: '/d/js', pid_file: '/d/nats.pid', agents_file: 'agents.conf' };

describe("the broker's configuration", () => {
  it('lets programs of this machine in without credentials, and of other machines never', () => {
    for (const host of ['127.0.0.1', 'localhost', '::1']) expect(natsConfig({ ...options, host })).toContain('no_auth_user: local');
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'hub']) {
      expect(natsConfig({ ...options, host })).not.toContain('no_auth_user');
      expect(natsConfig({ ...options, host })).not.toContain('user: local');
    }
  });

  it('names a faster fsync only to servers that know the word', () => {
    expect(natsConfig({ ...options, version: '2.9.10' })).not.toContain('sync_interval');
    expect(natsConfig(options)).not.toContain('sync_interval');
    for (const version of ['2.10.0', '2.14.5', '3.0.0']) expect(natsConfig({ ...options, version })).toContain('sync_interval: "1s"');
  });

  it('cannot be broken out of by a name', () => {
    expect(() => natsConfig({ ...options, store_dir: '/d"\n}' })).toThrow(RangeError);
    expect(() => natsConfig({ ...options, stream_nkey: 'UX }' })).toThrow(RangeError);
  });
});

describe('enrolment', () => {
  let data_dir: string;
  let dir: string;
  beforeEach(async () => {
    data_dir = await mkdtemp(path.join(tmpdir(), 'vacancy-enroll-'));
    dir = hubDir(data_dir);
    await prepareHub({ data_dir, port: 4222 });
  });
  afterEach(() => rm(data_dir, { recursive: true, force: true }));

  it('gives a seed whose public half alone stays on the hub', async () => {
    const { seed, nkey } = await enroll(dir, 'gpu01');
    expect(fromSeed(new TextEncoder().encode(seed)).getPublicKey()).toBe(nkey);
    expect(await listEnrolled(dir)).toEqual([{ id: 'gpu01', nkey }]);
    for (const file of await readdir(dir)) if (file !== 'js') expect(await readFile(path.join(dir, file), 'utf8')).not.toContain(seed);
  });

  it('refuses an id twice unless the key is to be replaced, and ids that are none', async () => {
    const first = await enroll(dir, 'gpu01');
    await expect(enroll(dir, 'gpu01')).rejects.toMatchObject({ code: 'already_enrolled' });
    const second = await enroll(dir, 'gpu01', { replace: true });
    expect(await listEnrolled(dir)).toEqual([{ id: 'gpu01', nkey: second.nkey }]);
    expect(second.nkey).not.toBe(first.nkey);
    for (const id of ['', '*', '>', 'a.b', 'A', '../x', 'x'.repeat(64)]) await expect(enroll(dir, id)).rejects.toMatchObject({ code: 'bad_id' });
  });

  it('loses nobody when many are enrolled and revoked at once', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `gpu${String(i).padStart(2, '0')}`);
    await Promise.all(ids.map((id) => enroll(dir, id)));
    await Promise.all(ids.slice(0, 10).map((id) => revoke(dir, id)));
    expect((await listEnrolled(dir)).map((agent) => agent.id)).toEqual(ids.slice(10));
    expect(await revoke(dir, 'gpu00')).toBeNull();
  });

  it('survives a restart of the hub: the same key, the same agents', async () => {
    await enroll(dir, 'gpu01');
    const before = await readFile(path.join(dir, 'nats.conf'), 'utf8');
    const agents = await listEnrolled(dir);
    const hub = await prepareHub({ data_dir, port: 4222 });
    expect(await readFile(hub.config, 'utf8')).toBe(before);
    expect(await listEnrolled(dir)).toEqual(agents);
    expect((await stat(hub.stream_credentials)).mode & 0o777).toBe(0o600);
  });

  it('knows whether other machines reach the broker', async () => {
    expect(await isOpen(path.join(data_dir, 'nowhere'))).toBeNull();
    expect(await isOpen(dir)).toBe(false);
    for (const [host, open] of [['0.0.0.0', true], ['::', true], ['10.0.0.1', true], ['::1', false]] as const) {
      await prepareHub({ data_dir, port: 4222, host });
      expect(await isOpen(dir), host).toBe(open);
    }
  });

  it('signals nobody when the process of the recorded number is not its broker', async () => {
    await writeFile(path.join(dir, 'nats.pid'), String(process.pid)); // SIGHUP would end this test
    expect(await reloadBroker(dir)).toBe('not_here');
    await writeFile(path.join(dir, 'nats.pid'), 'x');
    expect(await reloadBroker(dir)).toBe('not_here');
  });
});

describe('the line to paste', () => {
  const line = { id: 'gpu01', seed: `SU${'A'.repeat(56)}`, hub_url: 'http://hub:7070/', nats_url: 'nats://hub:4222', install_sha256: 'a'.repeat(64) };

  it('checks what it fetched before it runs it, and keeps the secret out of the process list', () => {
    const text = installLine(line);
    expect(text.indexOf('sha256sum -c')).toBeLessThan(text.indexOf('sh install.sh'));
    expect(text).toContain(`echo ${line.seed} | $(command -v sudo) sh install.sh gpu01 nats://hub:4222 http://hub:7070`);
    expect(text).not.toContain('\n');
  });

  it('is made of nothing that a shell would take for its own', () => {
    for (const wrong of [{ id: 'a;b' }, { seed: 'x' }, { install_sha256: '$(x)' }, { hub_url: 'http://hub/$(x)' }, { hub_url: 'http://hub/`x`' }, { nats_url: "nats://hub';x" }, { nats_url: 'http://hub' }])
      expect(() => installLine({ ...line, ...wrong })).toThrow(RangeError);
  });
});
