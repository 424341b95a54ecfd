import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bodyData, readBody, type Data } from './body.js';
import type { Database, Scope } from './database.js';
import { insert, query } from './execute.js';
import { toFailure } from './failure.js';
import { foreignOrigin, readCall, RequestError, type Call } from './request.js';
import type { Spool } from './spool.js';
import { readStatement } from './statement.js';

export interface HttpOptions {
  readonly database: Database;
  readonly spool: Spool;
  /** The one account that may change anything. */
  readonly service: { readonly user: string; readonly password: string };
  /** Names under which the listener may be addressed. */
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

async function answer(request: IncomingMessage, response: ServerResponse, options: HttpOptions): Promise<void> {
  const refused = foreignOrigin(request.headers, options.hosts);
  if (refused) throw new RequestError(403, 497, 'ACCESS_DENIED', refused);
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return void response.end('Ok.\n');
  if (url.pathname !== '/') throw new RequestError(404, 36, 'BAD_ARGUMENTS', `There is nothing at ${url.pathname}; queries go to /`);
  const call = readCall(url, request.headers);
  if (call.framed) throw new RequestError(501, 48, 'NOT_IMPLEMENTED', 'compress=1 and decompress=1 are not supported here; switch the driver\'s compression off');
  if (!call.query && request.method === 'GET') return void response.end('Ok.\n');
  if (call.user !== options.service.user || call.password !== options.service.password) {
    throw new RequestError(401, 516, 'AUTHENTICATION_FAILED', `${call.user}: Authentication failed: password is incorrect, or there is no user with such name`);
  }
  await serve(call, request, response, options);
}

async function serve(call: Call, request: IncomingMessage, response: ServerResponse, { database, spool }: HttpOptions): Promise<void> {
  const tag = randomUUID();
  const scope: Scope = { tag, database: call.database, settings: call.settings, params: call.params };
  response.setHeader('X-ClickHouse-Server-Display-Name', 'vacancy');
  response.setHeader('X-ClickHouse-Query-Id', call.queryId ?? tag);
  response.setHeader('X-ClickHouse-Timezone', 'UTC');
  response.on('close', () => {
    if (!response.writableFinished) database.kill(tag).catch(() => {});
  });
  const head = Buffer.from(call.query);
  const ofUrl = readStatement(head.toString('latin1'));
  if (ofUrl.kind === 'insert') return insert(database, spool, scope, ofUrl, await afterHead(head.subarray(ofUrl.dataAt), request), response);
  const text = Buffer.concat([head, Buffer.from(call.query ? '\n' : ''), await readBody(request, MAX_TEXT_BYTES)]);
  const statement = readStatement(text.toString('latin1'));
  if (statement.kind === 'insert') {
    return insert(database, spool, scope, statement, { compression: 'none', chunks: [text.subarray(statement.dataAt)] }, response);
  }
  await query(database, scope, text.toString('utf8'), statement.format ?? call.defaultFormat ?? 'TabSeparated', response);
}

/** Data may begin in the URL, behind the head, and go on in the body. */
async function afterHead(begun: Buffer, request: IncomingMessage): Promise<Data> {
  if (begun.length === 0) return bodyData(request);
  return { compression: 'none', chunks: [begun, await readBody(request, MAX_TEXT_BYTES)] };
}

function sendFailure(response: ServerResponse, cause: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { status, code, text } = toFailure(cause);
  response.writeHead(status, { 'X-ClickHouse-Exception-Code': `${code}`, 'Content-Type': 'text/plain; charset=UTF-8', ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="ClickHouse server HTTP API"' } : {}) });
  response.end(text);
}
