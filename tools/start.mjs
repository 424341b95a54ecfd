// npm start: installs and builds what is missing, then runs the whole of Vacancy on this host until Ctrl-C.
//   npm start -- --demo 12   adds twelve simulated servers, with a month of history at the first start

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { isProductionVersion, resolveNatsServer } from './nats-server.mjs';
import { Trouble, main, say } from './say.mjs';
import { Supervisor, endLeftovers, isAlive } from './supervise.mjs';
import { LARGE_PAGES, ROOT, VERSION, build, checkDisk, checkNode, install } from './workspace.mjs';

const DEMO_HISTORY_DAYS = 30;
const READY_WITHIN_MS = 60_000;
/** The first one ends everything in order, a second one at once. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** The agent does little and runs for ever: 49 MB instead of 60 (docs/agent.md). */
const AGENT_FLAGS = ['--lite-mode', '--no-expose-wasm', '--max-semi-space-size=1'];

await main(async () => {
  const options = readArguments();
  const { env } = process;
  const settings = {
    data: path.resolve(ROOT, env.VACANCY_DATA_DIR ?? 'data'),
    host: env.VACANCY_HOST ?? '127.0.0.1',
    port: portOf('VACANCY_PORT', 7070),
    clickhousePort: portOf('VACANCY_CLICKHOUSE_PORT', 8123),
    natsPort: portOf('VACANCY_NATS_PORT', 4222),
  };
  say(`Vacancy ${VERSION}`);
  checkNode();
  await mkdir(path.join(settings.data, 'logs'), { recursive: true }).catch((cause) => {
    throw new Trouble(`The data folder ${settings.data} cannot be written: ${cause.message}. Set VACANCY_DATA_DIR to a folder that can.`);
  });
  await checkDisk(settings.data);
  const lock = await takeLock(settings.data);
  try {
    await checkPorts(settings, env);
    await install(say);
    await build(say);
    await run(settings, options, lock);
  } finally {
    await lock.release();
  }
});

function readArguments() {
  try {
    const { values } = parseArgs({ options: { demo: { type: 'string' }, seed: { type: 'string', default: '1' } } });
    const demo = Number(values.demo ?? 0);
    if (!Number.isInteger(demo) || demo < 0 || demo > 1000) throw new Error('--demo needs a number of servers from 1 to 1000');
    return { demo, seed: values.seed };
  } catch (cause) {
    throw new Trouble(`${cause.message}\nUsage: npm start -- [--demo SERVERS]`);
  }
}

function portOf(name, fallback) {
  const port = Number(process.env[name] ?? fallback);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Trouble(`${name} is "${process.env[name]}": a port from 1 to 65535 is needed.`);
}

/** One start per data folder. What an earlier one left running when it was killed is ended first. */
async function takeLock(data) {
  const file = path.join(data, 'vacancy.lock');
  const before = await readFile(file, 'utf8').then(JSON.parse, () => null);
  if (before && isAlive(before.pid) && (await readFile(`/proc/${before.pid}/cmdline`, 'utf8').catch(() => 'start.mjs')).includes('start.mjs')) {
    throw new Trouble(`Vacancy already runs on the data folder ${data} (process ${before.pid}). Stop it there with Ctrl-C, or set VACANCY_DATA_DIR to another folder.`);
  }
  if (before) await endLeftovers(before.children ?? [], [ROOT, data]);
  const write = (children) => writeFile(file, JSON.stringify({ pid: process.pid, children }));
  await write([]);
  return { write, release: () => rm(file, { force: true }) };
}

async function checkPorts({ host, port, clickhousePort, natsPort }, env) {
  const wanted = [[port, host, 'VACANCY_PORT', 'pages and API']];
  if (!env.VACANCY_CLICKHOUSE_URL) wanted.push([clickhousePort, '127.0.0.1', 'VACANCY_CLICKHOUSE_PORT', 'embedded ClickHouse']);
  if (!env.VACANCY_NATS_URL) wanted.push([natsPort, '127.0.0.1', 'VACANCY_NATS_PORT', 'NATS']);
  for (const [number, address, setting, use] of wanted) {
    const problem = await tryListen(number, address);
    if (problem === 'EADDRINUSE') throw new Trouble(`Port ${number} (${use}) is taken by another program. Stop that one, or set ${setting} to a free port.`);
    if (problem) throw new Trouble(`Port ${number} (${use}) on ${address} cannot be used: ${problem}. Set ${setting} to another one.`);
  }
}

function tryListen(port, host) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(error.code));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

async function run(settings, options, lock) {
  const { data, host, port, clickhousePort, natsPort } = settings;
  const logs = path.join(data, 'logs');
  const supervisor = new Supervisor({ logs, onChange: (children) => void lock.write(children).catch(() => {}) });
  const stopped = untilStopped();
  const node = (file, ...args) => ({ command: process.execPath, args: ['--enable-source-maps', path.join(ROOT, file), ...args] });
  const env = {
    VACANCY_DATA_DIR: data,
    VACANCY_PORT: String(port),
    VACANCY_CLICKHOUSE_PORT: String(clickhousePort),
    VACANCY_NATS_URL: process.env.VACANCY_NATS_URL ?? `nats://127.0.0.1:${natsPort}`,
  };
  try {
    const keys = process.env.VACANCY_NATS_URL ? { stream: {}, agent: {}, simulator: [] } : await startNats(supervisor, settings);
    say('starting the stream service (windows, live table, database, pages)');
    const stream = supervisor.start({ name: 'stream', env: { ...LARGE_PAGES, ...env, ...keys.stream }, ...node('packages/stream/dist/main.js') });
    const address = `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`;
    await ready(`${address}/readyz`, stream, stopped);
    say('starting the agent of this host');
    supervisor.start({ name: 'agent', env: { ...env, ...keys.agent }, command: process.execPath, args: [...AGENT_FLAGS, path.join(ROOT, 'packages/agent/dist/main.js')] });
    if (options.demo) await startDemo(supervisor, node, env, data, { ...options, keys: keys.simulator });
    say(`ready: open ${address}   (Ctrl-C stops everything; logs are in ${path.relative(process.cwd(), logs) || logs})`);
    await stopped;
  } finally {
    say('stopping');
    for (const signal of STOP_SIGNALS) process.once(signal, () => supervisor.kill());
    const killed = await supervisor.stop();
    say(killed.length > 0 ? `stopped (${killed.join(', ')} had to be killed; nothing is lost by that)` : 'stopped');
  }
}

async function startNats(supervisor, { data, natsPort }) {
  const nats = await resolveNatsServer({ say });
  say(`starting nats-server ${nats.version} (${nats.source})`);
  if (!isProductionVersion(nats.version)) say('  fine for a trial; production wants 2.11.16, 2.12.7, 2.14 or newer (docs/howto/nats-version.md)');
  const { ensureAgentKey, prepareHub } = await import('../packages/stream/dist/index.js');
  const { VACANCY_NATS_HOST: host, VACANCY_NATS_TLS_CERT: cert_file, VACANCY_NATS_TLS_KEY: key_file } = process.env;
  const hub = await prepareHub({
    data_dir: data, port: natsPort, version: nats.version, ...(host && { host }), ...(cert_file && key_file && { tls: { cert_file, key_file } }),
  });
  // Without a limit a replay of history stays in the server's memory: 1.1 GB were seen.
  supervisor.start({ name: 'nats', command: nats.path, args: ['-c', hub.config], env: { GOMEMLIMIT: '400MiB' } });
  const stream = { VACANCY_NATS_CREDENTIALS: hub.stream_credentials };
  if (!host || host === '127.0.0.1') return { stream, agent: {}, simulator: [] };
  // Others can reach this broker, so that nobody comes in without a key: not even this host's own agent.
  const { toServerId } = await import('../packages/agent/dist/index.js');
  const key = path.join(hub.dir, 'agent.nk');
  await ensureAgentKey(hub.dir, process.env.VACANCY_SERVER_ID ?? toServerId(hostname()), key);
  return { stream, agent: { VACANCY_CREDENTIALS: key }, simulator: ['--credentials', hub.stream_credentials] };
}

async function startDemo(supervisor, node, env, data, { demo, seed, keys }) {
  const marker = path.join(data, `demo-${demo}-${seed}.json`);
  const first = !existsSync(marker);
  say(`starting ${demo} simulated servers${first ? `, and writing ${DEMO_HISTORY_DAYS} days of their history (the page fills while it does)` : ''}`);
  const history = first ? ['--history-days', String(DEMO_HISTORY_DAYS)] : [];
  supervisor.start({
    name: 'simulator',
    env,
    ...node('packages/agent/dist/simulator/main.js', '--servers', String(demo), '--seed', seed, ...keys, ...history),
    onLine(line) {
      if (line.startsWith('history')) say(`  ${line}`);
      if (line.startsWith('history complete')) void writeFile(marker, JSON.stringify({ demo, seed, days: DEMO_HISTORY_DAYS }));
    },
  });
}

/** Waits until pages and database answer (windows fill while one looks); when the service ends instead, its own last words are the message. */
async function ready(url, stream, stopped) {
  const end = Date.now() + READY_WITHIN_MS;
  const asked = () => fetch(url).then((response) => response.json()).then(({ broker, database }) => broker.ready && database.ready);
  while (Date.now() < end) {
    const answer = await Promise.race([asked().catch(() => false), stopped.then(() => 'stopped')]);
    if (answer) return;
    if (stream.lastExit()) throw new Trouble(`${await lastWords(stream.log)}\nThe stream service did not start; all of its log is in ${stream.log}.`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Trouble(`The stream service was not ready within ${READY_WITHIN_MS / 1000} s. ${stream.log} says why.`);
}

const lastWords = (file) => readFile(file, 'utf8').then((text) => text.trimEnd().split('\n').slice(-8).join('\n'), () => '');

function untilStopped() {
  return new Promise((resolve) => {
    for (const signal of STOP_SIGNALS) process.once(signal, () => resolve(signal));
  });
}
