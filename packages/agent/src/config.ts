import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { GIB, HOUR, MIB, err, isServerId, ok, parseBytes, type Result } from '@vacancy/shared/plain';

/** Parts of the reading that can be left out by name in `VACANCY_COLLECT_OFF`. */
export const OPTIONAL_COLLECTORS = ['users', 'temperatures', 'processes', 'details', 'nvidia', 'gpu_processes', 'amd'] as const;
export type OptionalCollector = (typeof OPTIONAL_COLLECTORS)[number];

export interface AgentConfig {
  readonly server: string;
  /** Alias shown to people. */
  readonly name: string;
  readonly address?: string;
  readonly location?: string;
  readonly nats_url: readonly string[];
  /** The nkey seed that this agent signs in with; none where the broker asks for none. */
  readonly seed?: Uint8Array;
  /** File with the certificates that the broker's is checked against, besides the machine's own. */
  readonly nats_ca?: string;
  readonly interval_ms: number;
  /** Holds the spool, in a folder of the server's name. */
  readonly data_dir: string;
  readonly spool_bytes: number;
  readonly spool_age_ms: number;
  /** Samples of the backlog sent in a second, at most. */
  readonly backfill_rate: number;
  readonly nvidia_smi: string;
  readonly off: ReadonlySet<OptionalCollector>;
  /** How much of a process's command line leaves the machine: command lines may hold secrets. */
  readonly commands: 'full' | 'name' | 'off';
  readonly log_level: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** What the environment takes from the machine it runs on; tests bring their own. */
export interface Host {
  readonly hostname: string;
  readonly address: string | undefined;
  readFile(path: string): Uint8Array;
}

/** Settings → configuration, or every problem at once, each a sentence that names its setting. */
export function envToConfig(env: Env, host: Host = thisHost()): Result<AgentConfig, string[]> {
  const problems: string[] = [];
  const read = reader(env, problems);
  const server = env.VACANCY_SERVER_ID || toServerId(host.hostname);
  if (!isServerId(server)) {
    problems.push(`VACANCY_SERVER_ID: "${server}" must be 1 to 63 of a-z, 0-9, "_" and "-", beginning with a letter or digit`);
  }
  const config: AgentConfig = {
    server,
    name: read.text('VACANCY_NAME', 64) ?? host.hostname.slice(0, 64),
    ...optional('address', read.text('VACANCY_ADDRESS', 64) ?? host.address),
    ...optional('location', read.text('VACANCY_LOCATION', 128)),
    nats_url: read.urls('VACANCY_NATS_URL', 'nats://127.0.0.1:4222'),
    ...optional('seed', read.seed('VACANCY_CREDENTIALS', host)),
    ...optional('nats_ca', env.VACANCY_NATS_CA || undefined),
    interval_ms: read.number('VACANCY_INTERVAL_MS', 1_000, 250, HOUR / 4),
    data_dir: join(env.VACANCY_DATA_DIR || './data', 'spool'),
    spool_bytes: read.bytes('VACANCY_SPOOL_BYTES', GIB / 2, MIB),
    spool_age_ms: read.number('VACANCY_SPOOL_HOURS', 48, 1 / 60, 24 * 365) * HOUR,
    backfill_rate: read.number('VACANCY_BACKFILL_RATE', 50, 0.1, 10_000),
    nvidia_smi: env.VACANCY_NVIDIA_SMI || 'nvidia-smi',
    off: read.names('VACANCY_COLLECT_OFF', OPTIONAL_COLLECTORS),
    commands: read.choice('VACANCY_COMMANDS', ['full', 'name', 'off'], 'full'),
    log_level: read.choice('VACANCY_LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'info'),
  };
  return problems.length ? err(problems) : ok(Object.freeze(config));
}

function reader(env: Env, problems: string[]) {
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const value = env[name] ? Number(env[name]) : fallback;
    if (value >= min && value <= max) return value;
    problems.push(`${name}: "${env[name]}" must be a number from ${min} to ${max}`);
    return fallback;
  };
  const choice = <T extends string>(name: string, values: readonly T[], fallback: T): T => {
    const value = env[name] || fallback;
    if ((values as readonly string[]).includes(value)) return value as T; // just looked up
    problems.push(`${name}: "${value}" must be one of ${values.join(', ')}`);
    return fallback;
  };
  const names = <T extends string>(name: string, values: readonly T[]): ReadonlySet<T> => {
    const given = (env[name] ?? '').split(',').map((part) => part.trim()).filter(Boolean);
    return new Set(given.map((part) => choice(name, values, part as T)).filter((part) => values.includes(part)));
    function choice(setting: string, known: readonly T[], part: T): T {
      if (!known.includes(part)) problems.push(`${setting}: "${part}" must be one of ${known.join(', ')}`);
      return part;
    }
  };
  const text = (name: string, max: number): string | undefined => {
    const value = env[name]?.trim();
    if (value && value.length > max) problems.push(`${name}: longer than ${max} characters`);
    return value || undefined;
  };
  const bytes = (name: string, fallback: number, min: number): number => {
    const value = env[name] ? parseBytes(env[name]) : fallback;
    if (value !== null && value >= min) return value;
    problems.push(`${name}: "${env[name]}" must be a size of at least ${min} bytes, such as 512MiB`);
    return fallback;
  };
  const urls = (name: string, fallback: string): string[] => {
    const value = (env[name] || fallback).split(',').map((part) => part.trim()).filter(Boolean);
    const wrong = value.find((url) => !/^(?:(?:nats|tls):\/\/)?[^\s/@:]+(?::\d{1,5})?\/?$|^(?:nats|tls):\/\/\[[0-9a-f:]+\](?::\d{1,5})?$/i.test(url));
    if (wrong !== undefined || !value.length) problems.push(`${name}: "${wrong ?? ''}" must look like nats://hub:4222 or tls://hub:4222`);
    return value;
  };
  const seed = (name: string, host: Host): Uint8Array | undefined => {
    if (!env[name]) return undefined;
    try {
      const found = /^\s*(SU[A-Z2-7]{56})\s*$/m.exec(Buffer.from(host.readFile(env[name])).toString('latin1'))?.[1];
      if (found) return new TextEncoder().encode(found);
      problems.push(`${name}: ${env[name]} holds no nkey seed (58 characters that begin with SU)`);
    } catch (cause) {
      problems.push(`${name}: ${(cause as Error).message}`);
    }
    return undefined;
  };
  return { number, choice, names, text, bytes, urls, seed };
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };

/** A host name made into a server id: `GPU-01.lab.example` → `gpu-01`. */
export const toServerId = (name: string): string =>
  name.toLowerCase().split('.')[0]!.replace(/[^a-z0-9_-]+/g, '-').replace(/^[^a-z0-9]+/, '').slice(0, 63) || 'server';

function thisHost(): Host {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return {
    hostname: hostname(),
    address: addresses.find((entry) => !entry.internal && entry.family === 'IPv4')?.address,
    readFile: (path) => readFileSync(path),
  };
}

