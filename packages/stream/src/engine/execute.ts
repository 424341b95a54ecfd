import type { ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Session } from 'chdb';
import type { Data } from './body.js';
import type { Database, Scope } from './database.js';
import { toFailure } from './failure.js';
import type { Gate } from './gate.js';
import { quote } from './quote.js';
import { RequestError } from './request.js';
import type { Spool } from './spool.js';
import type { Statement } from './statement.js';

// Formats whose chunks can be put one after another; the others have a header or a footer, which each chunk would repeat.
const STREAMED = new Set([
  'JSONEachRow', 'JSONCompactEachRow', 'JSONStringsEachRow', 'TabSeparated', 'TSV', 'TabSeparatedRaw', 'TSVRaw', 'CSV', 'Native', 'RowBinary',
]);

/** Inserts `data`, whatever their format; they reach the engine byte for byte. It is not cancelled when the client goes away. */
export async function insert(
  { database, spool, gate }: { database: Database; spool: Spool; gate: Gate },
  scope: Scope, statement: Extract<Statement, { kind: 'insert' }>, data: Data, response: ServerResponse,
): Promise<void> {
  await using file = await spool.write(data.chunks);
  using _place = await gate.enter();
  using session = await database.scope(scope);
  const { head, settings, format } = statement;
  const result = await session.queryAsync(`${head} FROM INFILE ${quote(file.path)} COMPRESSION ${quote(data.compression)} ${settings} FORMAT ${format}`);
  // Rows read from the body: what the views behind the table wrote is not known, nor whether a token made it a repetition.
  summarize(response, { read_rows: result.rowsRead, read_bytes: result.bytesRead, written_rows: result.rowsRead, written_bytes: result.bytesRead, elapsed: result.elapsed });
  response.end();
}

/** Runs anything else and sends its result, in chunks where the format allows it; of those, at most `limit` bytes. */
export async function query(session: Session, text: string, format: string, response: ServerResponse, limit = Infinity): Promise<void> {
  response.setHeader('X-ClickHouse-Format', format);
  response.setHeader('Content-Type', contentType(format));
  if (STREAMED.has(format) && isRead(text)) return stream(session.queryStream(text, { format }), response, limit);
  const result = await session.queryAsync(text, { format });
  summarize(response, { read_rows: result.rowsRead, read_bytes: result.bytesRead, elapsed: result.elapsed });
  response.end(result.bytes());
}

async function stream(chunks: AsyncIterable<Chunk>, response: ServerResponse, limit: number): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  // Most failures come before the first rows, when they can still be a status.
  const first = await iterator.next();
  const tag = randomBytes(8).toString('hex');
  response.setHeader('X-ClickHouse-Exception-Tag', tag);
  await pipeline(bytesOf(iterator, first, limit, tag), response);
}

type Chunk = { raw(): Uint8Array };

/** The chunks' bytes; a failure among them is written as the client looks for it at the end. */
async function* bytesOf(iterator: AsyncIterator<Chunk>, first: IteratorResult<Chunk>, limit: number, tag: string): AsyncGenerator<Uint8Array> {
  let sent = 0;
  try {
    for (let next = first; !next.done; next = await iterator.next()) {
      const bytes = next.value.raw();
      // The engine's own limit counts a column of one repeated value as that value.
      if ((sent += bytes.byteLength) > limit) throw new RequestError(413, 396, 'TOO_MANY_ROWS_OR_BYTES', `Limit for result exceeded, max bytes: ${limit}`);
      yield bytes;
    }
  } catch (cause) {
    const { text } = toFailure(cause);
    yield Buffer.from(`\r\n__exception__\r\n${tag}\r\n${text}${Buffer.byteLength(text)} ${tag}\r\n__exception__\r\n`);
  } finally {
    await iterator.return?.();
  }
}

/** What the streaming call takes: a single statement that gives rows. */
const isRead = (text: string): boolean => /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:SELECT|WITH)\b/i.test(text);

function summarize(response: ServerResponse, figures: { elapsed: number } & Record<string, number>): void {
  const { elapsed, ...rest } = figures;
  const entries = Object.entries({ ...rest, elapsed_ns: Math.round(elapsed * 1e9) }).map(([key, value]) => [key, `${value}`]);
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(Object.fromEntries(entries)));
}

function contentType(format: string): string {
  if (/^JSON.*EachRow|^NDJSON/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (/^(TabSeparated|TSV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  return /^(Native|RowBinary|Parquet|Arrow)/.test(format) ? 'application/octet-stream' : 'text/plain; charset=UTF-8';
}
