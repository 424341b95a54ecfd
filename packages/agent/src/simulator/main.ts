import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DAY, MINUTE } from '@vacancy/shared/plain';
import { createLog } from '../log.js';
import { backfill } from './backfill.js';
import { connectBroker } from './broker.js';
import { createFleet } from './fleet.js';
import { startSimulator } from './publish.js';

// simulator --servers 12 --seed 1 --interval-ms 1000 --history-days 30 [--nats nats://127.0.0.1:4222] [--credentials stream.nk]
const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    'interval-ms': { type: 'string', default: '1000' },
    'history-days': { type: 'string', default: '0' },
    nats: { type: 'string', default: process.env.VACANCY_NATS_URL ?? 'nats://127.0.0.1:4222' },
    credentials: { type: 'string', default: process.env.VACANCY_NATS_CREDENTIALS ?? '' },
  },
});

type Setting = Exclude<keyof typeof values, 'nats' | 'credentials'>;

function wholeNumber(name: Setting, least: number, most: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`--${name} must be a whole number from ${least} to ${most}, not ${values[name]}`);
}

const stop = new AbortController();
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stop.abort();
      resolve();
      setTimeout(() => process.exit(), 3_000).unref(); // a broker that never answered
    });
});

/** The start script shows these lines; the last one tells it that all of the past is written. */
const say = (text: string): void => void process.stdout.write(`history ${text}\n`);

try {
  const fleet = { servers: wholeNumber('servers', 1, 10_000), seed: wholeNumber('seed', 0, 0xffff_ffff) };
  const interval_ms = wholeNumber('interval-ms', 100, 3_600_000);
  const days = wholeNumber('history-days', 0, 3_660);
  const connection = await connectBroker({
    url: values.nats,
    ...(values.credentials && { seed: new TextEncoder().encode(readFileSync(values.credentials, 'utf8').trim()) }),
  });
  const to = Math.floor(Date.now() / MINUTE) * MINUTE;
  const simulator = await startSimulator({ ...fleet, interval_ms, broker: connection, log: createLog(process.env.VACANCY_LOG_LEVEL ?? 'info') });
  if (days > 0) {
    const onProgress = (percent: number, samples: number): void => {
      if (percent % 5 === 0) say(`${percent} % (${samples} samples)`);
    };
    const { stored, lost } = await backfill({ connection, fleet: createFleet(fleet), from: to - days * DAY, to, interval_ms: MINUTE, signal: stop.signal, onProgress });
    if (!stop.signal.aborted) say(lost ? `incomplete: ${lost} samples were not stored` : `complete (${stored} samples)`);
  }
  await stopped;
  await simulator[Symbol.asyncDispose]();
  await connection.close();
} catch (error) {
  process.stderr.write(`simulator: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
