import type { IncomingHttpHeaders } from 'node:http';

/** What a ClickHouse HTTP request asks for, apart from its body. */
export interface Call {
  readonly query: string;
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  readonly defaultFormat: string | undefined;
  readonly queryId: string | undefined;
  /** `param_x=…` as `x`, in the escaped form in which the interface carries them. */
  readonly params: Readonly<Record<string, string>>;
  /** Every other URL parameter is a setting. */
  readonly settings: Readonly<Record<string, string>>;
  /** The native framed compression (`compress=1`, `decompress=1`), which this endpoint does not speak. */
  readonly framed: boolean;
}

// Accepted and without effect here: sessions are per request, replies are not compressed on loopback.
const IGNORED = new Set([
  'session_id', 'session_timeout', 'session_check', 'close_session', 'quota_key', 'role', 'stacktrace', 'buffer_size',
  'wait_end_of_query', 'enable_http_compression', 'http_zlib_compression_level', 'client_protocol_version', 'send_progress_in_http_headers',
  'http_write_exception_in_output_format', 'http_headers_progress_interval_ms', 'add_http_cors_header', 'cancel_http_readonly_queries_on_client_close',
]);
const NAME = /^[A-Za-z_][\w.]{0,127}$/;

/** Throws a `RequestError` for what cannot be a ClickHouse request. */
export function readCall(url: URL, headers: IncomingHttpHeaders): Call {
  const named: Record<string, string> = {};
  const params: Record<string, string> = {};
  const settings: Record<string, string> = {};
  for (const [key, value] of url.searchParams) {
    if (key.startsWith('param_')) params[nameOf(key.slice(6))] = value;
    else if (NAMED.has(key)) named[key] = value;
    else if (!IGNORED.has(key)) settings[nameOf(key)] = value;
  }
  return {
    query: named['query'] ?? '',
    ...credentials(headers, named),
    database: named['database'] ?? one(headers['x-clickhouse-database']),
    defaultFormat: named['default_format'] ?? one(headers['x-clickhouse-format']),
    // Sent back as a header.
    queryId: /^[\x21-\x7e]{1,200}$/.exec(named['query_id'] ?? '')?.[0],
    params,
    settings,
    framed: isOn(named['compress']) || isOn(named['decompress']),
  };
}

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: number;
  readonly type: string;
  constructor(status: number, code: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.type = type;
  }
}

/** Whether a page in a browser asks, which must not reach the database. Someone typing the address may. */
export function fromPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none');
}

/** The name by which the listener is addressed, without the port. */
export const hostName = (headers: IncomingHttpHeaders): string => (headers.host ?? 'localhost').replace(/:\d+$/, '').toLowerCase();

const NAMED = new Set(['query', 'user', 'password', 'database', 'default_format', 'query_id', 'compress', 'decompress']);

function nameOf(name: string): string {
  if (!NAME.test(name)) throw new RequestError(400, 36, 'BAD_ARGUMENTS', 'a parameter of the URL is not a setting\'s name');
  return name;
}

function credentials(headers: IncomingHttpHeaders, named: Record<string, string>): { user: string; password: string } {
  const basic = /^Basic\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  const [user, ...password] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString('utf8').split(':');
  return {
    user: user || one(headers['x-clickhouse-user']) || named['user'] || 'default',
    password: (basic === undefined ? (one(headers['x-clickhouse-key']) ?? named['password']) : password.join(':')) ?? '',
  };
}

const isOn = (value: string | undefined): boolean => value !== undefined && value !== '0' && value !== 'false';
const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);
