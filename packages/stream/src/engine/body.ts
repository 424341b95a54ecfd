import type { IncomingMessage } from 'node:http';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Duplex } from 'node:stream';
import { RequestError } from './request.js';

/** Bytes and how they are compressed, in the engine's word for it. */
export interface Data {
  readonly compression: 'none' | 'gzip' | 'deflate' | 'br' | 'zstd' | 'lz4' | 'xz';
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const ENCODINGS = new Set(['gzip', 'deflate', 'br', 'zstd', 'lz4', 'xz']);

/** The body as it came: the engine decompresses what it inserts. */
export function bodyData(request: IncomingMessage): Data {
  const encoding = request.headers['content-encoding'] ?? 'none';
  if (encoding === 'none' || encoding === 'identity') return { compression: 'none', chunks: request };
  if (!ENCODINGS.has(encoding)) throw new RequestError(400, 36, 'BAD_ARGUMENTS', `Content-Encoding: ${encoding} is not known`);
  return { compression: encoding as Data['compression'], chunks: request };
}

const DECOMPRESS: Partial<Record<Data['compression'], () => Duplex>> = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress };

/** The whole body, decompressed; refused beyond `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const { compression, chunks } = bodyData(request);
  const decompress = DECOMPRESS[compression];
  if (!decompress && compression !== 'none') throw new RequestError(400, 36, 'BAD_ARGUMENTS', `a query compressed with ${compression} is not understood`);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of decompress ? request.pipe(decompress()) : chunks) {
    size += (chunk as Uint8Array).byteLength;
    if (size > limit) throw new RequestError(413, 396, 'TOO_MANY_ROWS_OR_BYTES', `the query is larger than ${limit} bytes`);
    parts.push(chunk as Uint8Array);
  }
  return Buffer.concat(parts);
}
