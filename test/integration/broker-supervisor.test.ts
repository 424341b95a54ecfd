import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, nkeyAuthenticator } from '@nats-io/transport-node';
import { expect, it } from 'vitest';
import { enroll, hubDir, revoke } from '../../packages/stream/src/enroll/index.js';
import { resolveNatsServer } from '../../tools/nats-server.mjs';
import { freePort, waitFor } from '../harness/nats.js';

const MAIN = fileURLToPath(new URL('../../packages/stream/src/enroll/main.ts', import.meta.url));

it('makes the secrets of an installation once, and takes agents in and out that another container enrols', async () => {
  await using folder = await temporary();
  const [port, monitor] = [await freePort(), await freePort()];
  const binary = (await resolveNatsServer()).path;
  const dir = hubDir(folder.path);
  const env = {
    PATH: process.env.PATH!, NATS_SERVER_BIN: binary, VACANCY_LOG_LEVEL: 'silent', VACANCY_DATA_DIR: folder.path, VACANCY_NATS_PORT: String(port), VACANCY_NATS_MONITOR_PORT: String(monitor),
    VACANCY_NATS_HOST: '0.0.0.0', VACANCY_CLICKHOUSE_USERS_DIR: path.join(folder.path, 'users.d'), VACANCY_AGENT_KEY_FILE: path.join(folder.path, 'agent.nk'), VACANCY_SERVER_ID: 'hub',
  };
  const secrets = ['nats/password', 'nats/clickhouse-password', 'nats/stream.nk', 'agent.nk'].map((file) => path.join(folder.path, file));
  const open = async (seed: string) => connect({ servers: `127.0.0.1:${port}`, authenticator: nkeyAuthenticator(new TextEncoder().encode(seed.trim())), reconnect: false, timeout: 1_000 });

  let before: string[] | null = null;
  for (const start of [1, 2]) {
    const broker = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', MAIN], { env, stdio: 'ignore' });
    const healthy = () => fetch(`http://127.0.0.1:${monitor}/healthz`).then((answer) => answer.ok, () => false);
    await waitFor(healthy, 20_000, `start ${start} of the broker`);
    const now = await Promise.all(secrets.map((file) => readFile(file, 'utf8')));
    expect(now).toEqual(before ?? now);
    before = now;
    for (const file of secrets) expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(path.join(env.VACANCY_CLICKHOUSE_USERS_DIR, 'vacancy.xml'), 'utf8')).not.toContain(now[1]!.trim());
    await (await open(now[3]!)).close();

    const { seed, reload } = await enroll(dir, `gpu0${start}`);
    expect(reload).toBe('reloaded');
    let agent: Awaited<ReturnType<typeof open>> | undefined;
    await waitFor(async () => (agent = await open(seed).catch(() => undefined)) !== undefined, 10_000, 'the enrolled agent is let in');
    await revoke(dir, `gpu0${start}`);
    await waitFor(() => agent!.isClosed(), 10_000, 'the revoked agent is cut off');

    const exit = once(broker, 'exit');
    broker.kill('SIGTERM');
    expect((await exit)[0]).toBe(0);
    expect(await healthy()).toBe(false);
  }
});

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'vacancy-broker-'));
  await mkdir(path.join(folder, 'users.d'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
