import { parseArgs } from 'node:util';
import { createLog } from '../log.js';
import { startSimulator } from './publish.js';

// vacancy-simulator --servers 12 --seed 1 --interval-ms 1000 [--nats nats://127.0.0.1:4222]
const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    'interval-ms': { type: 'string', default: process.env.VACANCY_INTERVAL_MS ?? '1000' },
    nats: { type: 'string', default: process.env.VACANCY_NATS_URL ?? 'nats://127.0.0.1:4222' },
  },
});

function wholeNumber(name: 'servers' | 'seed' | 'interval-ms', least: number, most: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`--${name} must be a whole number from ${least} to ${most}, not ${values[name]}`);
}

const stop = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => {
    resolve();
    setTimeout(() => process.exit(), 3_000).unref(); // a broker that never answered
  });
});

try {
  await using _simulator = await startSimulator({
    servers: wholeNumber('servers', 1, 10_000),
    seed: wholeNumber('seed', 0, 0xffff_ffff),
    interval_ms: wholeNumber('interval-ms', 100, 3_600_000),
    url: values.nats,
    log: createLog(process.env.VACANCY_LOG_LEVEL ?? 'info'),
  });
  await stop;
} catch (error) {
  process.stderr.write(`simulator: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
