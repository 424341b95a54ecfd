import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startStack } from '../harness/stack.ts';
import { waitFor } from '../harness/nats.ts';
import { startPulse } from './pulse.ts';
import { HOSTILE } from './hostile.ts';

const SIMULATED = 6;

/** One stack for all pages: the service, this host's agent, six simulated servers, one whose figures are known, one that has fallen silent and one with hostile names. */
export default async function setUp(): Promise<() => Promise<void>> {
  const stack = await startStack();
  const env = { ...process.env, VACANCY_NATS_URL: stack.nats.url, VACANCY_DATA_DIR: stack.dataDir, VACANCY_LOG_LEVEL: 'error', VACANCY_SERVER_ID: 'this-host', VACANCY_NAME: 'this-host' };
  const start = (file: string, ...args: string[]) =>
    spawn(process.execPath, [fileURLToPath(new URL(`../../packages/agent/dist/${file}`, import.meta.url)), ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const children = [start('main.js'), start('simulator/main.js', '--servers', String(SIMULATED), '--seed', '1', '--history-days', '2')];
  const nats = await stack.connect();
  const stops = [startPulse(nats, { server: 'pulse', name: 'pulse', gpu_type: 'Pulse 24' }), startPulse(nats, HOSTILE)];
  const silence = startPulse(nats, { server: 'silent', name: 'silent', gpu_type: 'Quiet 24' });
  await waitFor(async () => (await stack.api<{ server_num: number }>('/overview')).server_num === SIMULATED + 4, 60_000, 'all servers');
  silence();
  process.env.VACANCY_E2E_URL = stack.url;
  process.env.VACANCY_E2E_NATS = stack.nats.url;
  return async () => {
    for (const stop of stops) stop();
    for (const child of children) {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await stack[Symbol.asyncDispose]();
  };
}
