import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createLog } from '../log.js';
import { ensureAgentKey } from './agents.js';
import { clickhouseUsers } from './clickhouse-users.js';
import { writeWhole } from './files.js';
import { prepareHub } from './hub.js';
import { brokerVersion, superviseBroker } from './supervise.js';

// The broker of a hub in containers. Its first start makes every secret of the installation, each in the volume of who needs it.
const { env } = process;
const log = createLog(env.VACANCY_LOG_LEVEL ?? 'info');
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

const binary = env.NATS_SERVER_BIN ?? 'nats-server';
const hub = await prepareHub({
  data_dir: env.VACANCY_DATA_DIR ?? '/data',
  host: env.VACANCY_NATS_HOST ?? '0.0.0.0',
  port: Number(env.VACANCY_NATS_PORT ?? 4222),
  monitor_port: Number(env.VACANCY_NATS_MONITOR_PORT ?? 8222),
  version: await brokerVersion(binary),
  ...(env.VACANCY_NATS_TLS_CERT && env.VACANCY_NATS_TLS_KEY && { tls: { cert_file: env.VACANCY_NATS_TLS_CERT, key_file: env.VACANCY_NATS_TLS_KEY } }),
});
await ensureSecret('password');
const password = await ensureSecret('clickhouse-password');
if (env.VACANCY_CLICKHOUSE_USERS_DIR) await writeWhole(path.join(env.VACANCY_CLICKHOUSE_USERS_DIR, 'vacancy.xml'), clickhouseUsers(password), 0o644);
if (env.VACANCY_AGENT_KEY_FILE) await ensureAgentKey(hub.dir, env.VACANCY_SERVER_ID ?? 'hub', env.VACANCY_AGENT_KEY_FILE);

process.exitCode = await superviseBroker(binary, hub, { signal: stop.signal, log });

async function ensureSecret(name: string): Promise<string> {
  const file = path.join(hub.dir, name);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.trim()) return known.trim();
  const secret = randomBytes(18).toString('base64url');
  await writeWhole(file, `${secret}\n`, 0o600);
  return secret;
}
