#!/usr/bin/env -S node --lite-mode --no-expose-wasm --max-semi-space-size=1
// V8's lite mode: 49 MB instead of 60 at the same processor time, since a few milliseconds of work a second never pay for its compilers.
import { startAgent } from './agent.js';
import { envToConfig } from './config.js';
import { createLog } from './log.js';
import { VERSION } from './version.js';

const config = envToConfig(process.env);
if (!config.ok) {
  process.stderr.write(`vacancy-agent cannot start:\n${config.error.map((problem) => `  ${problem}\n`).join('')}`);
  process.exitCode = 2;
} else {
  const log = createLog(config.value.log_level);
  const agent = startAgent(config.value, { log, version: VERSION });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  // Whatever still hangs after this is not worth waiting for: the spool is on the disk.
  setTimeout(() => process.exit(1), 4_000).unref();
  await agent[Symbol.asyncDispose]();
}
