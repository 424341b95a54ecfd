import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startApp } from './app.js';
import { ConfigError, envToConfig } from './config.js';
import { DeliveriesError } from './deliver/index.js';
import { EngineStartError } from './engine/index.js';
import { createLog } from './log.js';

/** What the service may take to end cleanly. */
const SHUTDOWN_MS = 4_500;

async function main(): Promise<void> {
  const config = envToConfig(process.env);
  const log = createLog(config.log_level);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  const web_dir = fileURLToPath(new URL('../../web/dist', import.meta.url));
  const stopped = untilStopped();
  const app = await startApp({ config, web_dir, version, log });
  log.info({ reason: await stopped }, 'stopping');
  // A part that cannot end must not keep the process: what it holds is safe to lose at any moment.
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await app[Symbol.asyncDispose]();
  // Who listens for the end of the channel to the starting process keeps it open, and with it this process.
  if (process.connected) process.disconnect();
  log.info('stopped');
}

/** Resolves on a signal, and when the process that started this one is gone. */
function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
    process.once('disconnect', () => resolve('parent is gone'));
  });
}

main().catch((error: unknown) => {
  const told = [ConfigError, EngineStartError, DeliveriesError].some((kind) => error instanceof kind);
  const { message, stack } = error as Error;
  process.stderr.write(`${told ? message : (stack ?? message)}\n`);
  process.exit(1);
});
