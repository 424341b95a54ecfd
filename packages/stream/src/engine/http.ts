import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bodyData, readBody, type Data } from './body.js';
import type { Database, Scope } from './database.js';
import { insert, query } from './execute.js';
import { toFailure } from './failure.js';
import type { Gate } from './gate.js';
import type { Parser } from './parser.js';
import { fromPage, hostName, readCall, RequestError, type Call } from './request.js';
import type { Readers } from './reader.js';
import type { Spool } from './spool.js';
import { readStatement, type Statement } from './statement.js';

export interface HttpOptions {
  readonly database: Database;
  readonly spool: Spool;
  readonly readers: Readers;
  readonly parser: Parser;
  /** The service's queries at a time. */
  readonly gate: Gate;
  /** The one account that may change anything. */
  readonly service: { readonly user: string; readonly password: string };
  /** Names of this machine. A page's host name that its owner points at 127.0.0.1 is none of them. */
  readonly hosts: ReadonlySet<string>;
}

/** The ClickHouse HTTP interface over `database`. */
export function createHttpServer(options: HttpOptions): Server {
  return createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    answer(request, response, options).catch((cause: unknown) => sendFailure(response, cause));
  });
}

// A query's text; the data of an INSERT whose head is in the URL go to the spool, however large.
const MAX_TEXT_BYTES = 64 * 1024 * 1024;
const GRACE_MS = 2_000;

async function answer(request: IncomingMessage, response: ServerResponse, options: HttpOptions): Promise<void> {
  if (fromPage(request.headers)) throw new RequestError(403, 497, 'ACCESS_DENIED', 'requests of web pages are not answered');
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return void response.end('Ok.\n');
  if (url.pathname !== '/') throw new RequestError(404, 36, 'BAD_ARGUMENTS', `there is nothing at ${url.pathname}; queries go to /`);
  if (!url.searchParams.has('query') && request.method === 'GET') return void response.end('Ok.\n');
  const call = readCall(url, request.headers);
  if (call.framed) throw new RequestError(501, 48, 'NOT_IMPLEMENTED', 'compress=1 and decompress=1 are not supported here; switch the driver\'s compression off');
  const tag = randomUUID();
  response.setHeader('X-ClickHouse-Server-Display-Name', 'vacancy');
  response.setHeader('X-ClickHouse-Query-Id', call.queryId ?? tag);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  switch (whoIs(call, request, options)) {
    case 'service': return serve(call, tag, request, response, options);
    case 'reader': return read(call, tag, request, response, options);
    default:
      throw new RequestError(401, 516, 'AUTHENTICATION_FAILED', `${call.user}: Authentication failed: password is incorrect, or there is no user with such name`);
  }
}

/** Without a password one may read, from this machine and under a name of it. */
function whoIs(call: Call, request: IncomingMessage, { service, hosts }: HttpOptions): 'service' | 'reader' | undefined {
  if (call.user === service.user && sameText(call.password, service.password)) return 'service';
  const local = /^(?:127\.|::1$|::ffff:127\.)/.test(request.socket.remoteAddress ?? '') && hosts.has(hostName(request.headers));
  return local && call.user === 'default' && call.password === '' ? 'reader' : undefined;
}

async function serve(call: Call, tag: string, request: IncomingMessage, response: ServerResponse, options: HttpOptions): Promise<void> {
  const { database, spool, parser, gate } = options;
  const scope: Scope = { tag, database: call.database, settings: call.settings, params: call.params };
  const head = Buffer.from(call.query);
  const ofUrl = readStatement(head.toString('latin1'));
  if (ofUrl.kind === 'insert') return insert({ database, spool, gate }, scope, ofUrl, await afterHead(head.subarray(ofUrl.dataAt), request), response);
  const bytes = await wholeText(call, request, MAX_TEXT_BYTES);
  const statement = readStatement(bytes.toString('latin1'));
  if (statement.kind === 'insert') {
    return insert({ database, spool, gate }, scope, statement, { compression: 'none', chunks: [bytes.subarray(statement.dataAt)] }, response);
  }
  const text = bytes.toString('utf8');
  // The engine would run them one after the other; a real server refuses, and so does this.
  if ((await parser.read(text)).statements > 1) throw new RequestError(400, 62, 'SYNTAX_ERROR', 'Multi-statements are not allowed');
  using _place = await gate.enter();
  using session = await database.scope(scope);
  using _kill = killWhenGone(database, tag, response);
  await query(session, text, formatOf(statement, call), response);
}

async function read(call: Call, tag: string, request: IncomingMessage, response: ServerResponse, { database, readers }: HttpOptions): Promise<void> {
  const bytes = await wholeText(call, request, readers.limits.text);
  const text = bytes.toString('utf8');
  using _place = readers.enter();
  using session = await readers.session(database, { tag, database: call.database, settings: call.settings, params: call.params });
  using _kill = killWhenGone(database, tag, response, readers.limits.executionSeconds * 1000 + GRACE_MS);
  await readers.check(text, session);
  await query(session, text, formatOf(readStatement(bytes.toString('latin1')), call), response, readers.limits.resultBytes);
}

/** Ends the query when nobody waits for its result any more, or after `limit` ms: not every step of a query looks at the clock. */
function killWhenGone(database: Database, tag: string, response: ServerResponse, limit?: number): Disposable {
  const kill = (): void => void database.kill(tag).catch(() => {});
  const timer = limit === undefined ? undefined : setTimeout(kill, limit);
  response.once('close', kill);
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      response.off('close', kill);
    },
  };
}

/** A text may begin in the URL and go on in the body. */
async function wholeText(call: Call, request: IncomingMessage, limit: number): Promise<Buffer> {
  const text = Buffer.concat([Buffer.from(call.query ? `${call.query}\n` : ''), await readBody(request, limit)]);
  if (text.length === 0) throw new RequestError(400, 62, 'SYNTAX_ERROR', 'Empty query');
  return text;
}

/** Data may begin in the URL, behind the head, and go on in the body. */
async function afterHead(begun: Buffer, request: IncomingMessage): Promise<Data> {
  if (begun.length === 0) return bodyData(request);
  return { compression: 'none', chunks: [begun, await readBody(request, MAX_TEXT_BYTES)] };
}

function formatOf(statement: Statement, call: Call): string {
  const format = statement.format ?? call.defaultFormat ?? 'TabSeparated';
  if (!/^\w+$/.test(format)) throw new RequestError(400, 73, 'UNKNOWN_FORMAT', 'Unknown format');
  return format;
}

const sameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function sendFailure(response: ServerResponse, cause: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, code, text } = toFailure(cause);
  for (const name of ['X-ClickHouse-Format', 'X-ClickHouse-Exception-Tag', 'X-ClickHouse-Summary']) response.removeHeader(name);
  if (status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"');
  response.writeHead(status, { 'X-ClickHouse-Exception-Code': `${code}`, 'Content-Type': 'text/plain; charset=UTF-8' });
  response.end(text);
}
