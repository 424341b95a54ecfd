import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { RequestError } from './request.js';

/** Bytes and how they are compressed, in the engine's word for it. */
export interface Data {
  readonly compression: string;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const ENCODINGS = new Set(['none', 'gzip', 'deflate', 'br', 'zstd', 'lz4', 'xz']);
const DECOMPRESS = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress } as const;

/** The body as it came: the engine decompresses what it inserts. */
export function bodyData(request: IncomingMessage): Data {
  const encoding = request.headers['content-encoding'] ?? 'none';
  const compression = encoding === 'identity' ? 'none' : encoding;
  if (!ENCODINGS.has(compression)) throw new RequestError(400, 36, 'BAD_ARGUMENTS', `Content-Encoding: ${encoding} is not known`);
  return { compression, chunks: request };
}

/** The whole body, decompressed; refused beyond `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new RequestError(413, 307, 'TOO_MANY_BYTES', `the query is larger than ${limit} bytes`);
  // Asked first, because to stop reading in the middle means to drop the connection before the answer.
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge;
  const { compression } = bodyData(request);
  const parts: Uint8Array[] = [];
  const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.byteLength;
      if (size > limit) throw tooLarge;
      parts.push(chunk);
    }
  };
  if (compression === 'none') await collect(request);
  else if (compression in DECOMPRESS) await pipeline(request, DECOMPRESS[compression as keyof typeof DECOMPRESS](), collect);
  else throw new RequestError(400, 36, 'BAD_ARGUMENTS', `a query compressed with ${compression} is not understood`);
  return Buffer.concat(parts);
}
