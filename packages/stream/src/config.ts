import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DEFAULT_IDLE, HOUR, GIB, parseBytes, type IdleThresholds } from '@vacancy/shared';

/** What the operator decided. Read once in main.ts; each part receives its own slice. Every variable is described in docs/settings.md. */
export interface Config {
  readonly nats: { readonly url: string; readonly credentials: string | null; readonly tls_ca: string | null };
  readonly stream: { readonly max_age_ms: number; readonly max_bytes: number };
  /** `url` is null for the embedded engine. */
  readonly clickhouse: {
    readonly url: string | null;
    readonly username: string;
    readonly password: string;
    readonly port: number;
    readonly memory_bytes: number;
  };
  readonly http: { readonly host: string; readonly port: number; readonly password: string | null };
  readonly data_dir: string;
  readonly timezone: string;
  readonly idle: IdleThresholds;
  readonly idle_lead: 'free8g' | 'used10pct';
  readonly retention: { readonly raw_days: number; readonly minute_days: number; readonly hour_days: number };
  readonly fsync: boolean;
  readonly serverstatus: { readonly host: string; readonly port: number } | null;
  readonly reports: { readonly at: string; readonly deliveries: string | null; readonly public_url: string | null };
  readonly allow_private_webhooks: boolean;
  readonly log_level: string;
}

/** All that is wrong with the settings, at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

export type Env = Readonly<Record<string, string | undefined>>;

export function envToConfig(env: Env): Config {
  const read = new Reader(env);
  const host = read.text('VACANCY_HOST', '127.0.0.1');
  const password = read.secret('VACANCY_PASSWORD');
  if (!isLoopback(host) && !password) {
    read.problem(`VACANCY_HOST is ${host}, which others can reach: set VACANCY_PASSWORD (or VACANCY_PASSWORD_FILE), or listen on 127.0.0.1`);
  }
  const serverstatusPort = read.port('VACANCY_SERVERSTATUS_PORT', 0);
  const config: Config = {
    nats: {
      url: read.text('VACANCY_NATS_URL', 'nats://127.0.0.1:4222'),
      credentials: read.optional('VACANCY_NATS_CREDENTIALS'),
      tls_ca: read.optional('VACANCY_NATS_CA'),
    },
    stream: {
      max_age_ms: read.number('VACANCY_STREAM_HOURS', 48, 1, 24 * 365) * HOUR,
      max_bytes: read.bytes('VACANCY_STREAM_BYTES', 20 * GIB),
    },
    clickhouse: {
      url: read.url('VACANCY_CLICKHOUSE_URL'),
      username: read.text('VACANCY_CLICKHOUSE_USER', 'default'),
      password: read.secret('VACANCY_CLICKHOUSE_PASSWORD') ?? '',
      port: read.port('VACANCY_CLICKHOUSE_PORT', 8123),
      memory_bytes: read.bytes('VACANCY_CLICKHOUSE_MEMORY', 2 * GIB),
    },
    http: { host, port: read.port('VACANCY_PORT', 7070), password },
    data_dir: path.resolve(read.text('VACANCY_DATA_DIR', './data')),
    timezone: read.timezone('VACANCY_TIMEZONE'),
    idle: {
      free_bytes: read.bytes('VACANCY_IDLE_FREE', DEFAULT_IDLE.free_bytes),
      used_share: read.number('VACANCY_IDLE_USED_SHARE', DEFAULT_IDLE.used_share, 0, 1),
    },
    idle_lead: read.oneOf('VACANCY_IDLE_LEAD', ['free8g', 'used10pct'] as const),
    retention: {
      raw_days: read.whole('VACANCY_KEEP_RAW_DAYS', 7, 1, 36_500),
      minute_days: read.whole('VACANCY_KEEP_MINUTE_DAYS', 90, 1, 36_500),
      hour_days: read.whole('VACANCY_KEEP_HOUR_DAYS', 730, 1, 36_500),
    },
    fsync: read.oneOf('VACANCY_FSYNC', ['off', 'on'] as const) === 'on',
    serverstatus: serverstatusPort ? { host: read.text('VACANCY_SERVERSTATUS_HOST', '127.0.0.1'), port: serverstatusPort } : null,
    reports: { at: read.text('VACANCY_REPORTS_AT', '00:10'), deliveries: read.optional('VACANCY_DELIVERIES_FILE'), public_url: read.url('VACANCY_PUBLIC_URL') },
    allow_private_webhooks: read.oneOf('VACANCY_PRIVATE_WEBHOOKS', ['off', 'on'] as const) === 'on',
    log_level: read.oneOf('VACANCY_LOG_LEVEL', ['info', 'debug', 'trace', 'warn', 'error', 'silent'] as const),
  };
  read.done();
  return Object.freeze(config);
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host);

class Reader {
  readonly #env: Env;
  readonly #problems: string[] = [];

  constructor(env: Env) {
    this.#env = env;
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  done(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  optional(name: string): string | null {
    return this.#env[name]?.trim() || null;
  }

  text(name: string, fallback: string): string {
    return this.optional(name) ?? fallback;
  }

  /** A secret stands in the variable itself, or in the file that `<name>_FILE` names (as container secrets do). */
  secret(name: string): string | null {
    const file = this.optional(`${name}_FILE`);
    if (!file) return this.optional(name);
    try {
      return readFileSync(file, 'utf8').trim();
    } catch (cause) {
      this.problem(`${name}_FILE: ${(cause as Error).message}`);
      return null;
    }
  }

  number(name: string, fallback: number, least: number, most: number): number {
    const text = this.optional(name);
    const value = text === null ? fallback : Number(text);
    if (value >= least && value <= most) return value;
    this.problem(`${name} is "${text}": a number from ${least} to ${most} is needed`);
    return fallback;
  }

  whole(name: string, fallback: number, least: number, most: number): number {
    const value = this.number(name, fallback, least, most);
    if (!Number.isInteger(value)) this.problem(`${name} is "${value}": a whole number is needed`);
    return Math.trunc(value);
  }

  port(name: string, fallback: number): number {
    return this.whole(name, fallback, 0, 65_535);
  }

  bytes(name: string, fallback: number): number {
    const text = this.optional(name);
    const value = text === null ? fallback : parseBytes(text);
    if (value) return value;
    this.problem(`${name} is "${text}": a size such as 8GiB is needed`);
    return fallback;
  }

  url(name: string): string | null {
    const text = this.optional(name);
    if (text && !URL.canParse(text)) this.problem(`${name} is "${text}": an address such as http://host:8123 is needed`);
    return text;
  }

  oneOf<const T extends readonly [string, ...string[]]>(name: string, values: T): T[number] {
    const text = this.text(name, values[0]);
    if (values.includes(text)) return text;
    this.problem(`${name} is "${text}": one of ${values.join(', ')} is needed`);
    return values[0];
  }

  timezone(name: string): string {
    const zone = this.text(name, Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');
    try {
      return Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
    } catch {
      this.problem(`${name} is "${zone}": a name from the time zone database such as Asia/Shanghai is needed`);
      return 'UTC';
    }
  }
}
