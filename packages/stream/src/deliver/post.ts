import { createHmac } from 'node:crypto';
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isPublicAddress, parseTarget } from './targets.js';

export interface PostOptions {
  /** Addresses of private networks may be called too. */
  readonly allowPrivate?: boolean;
  readonly timeout_ms?: number;
  readonly resolve?: (host: string) => Promise<LookupAddress[]>;
  /** Signs the body, so that the receiver can tell it from anybody else's. */
  readonly secret?: string;
}

/** Nobody was told; `retryable` where another try may help and it is certain that nobody heard. */
export class PostError extends Error {
  override readonly name = 'PostError';
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}

/** Enough for a service's error code. */
const MOST_ANSWER = 4096;
/** Not even a connection: nothing was said. One that broke later may have been heard. */
const UNREACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const PRIVATE = 'the webhook lies in a private network';

/**
 * Posts JSON to a chat service or webhook and reads what it says of it: DingTalk, WeCom and Feishu answer 200 with an error in the
 * body. The connection goes to an address that was checked, not to a name that may resolve differently the second time; a redirect is
 * not followed, because it could lead inside.
 * @throws PostError with a sentence that holds neither the address nor what was answered, but for a service's own code
 */
export async function postJson(url: string, body: unknown, options: PostOptions = {}): Promise<void> {
  const target = parseTarget(url, options.allowPrivate);
  if (!target.ok) throw new PostError(target.error, false);
  const { status, text } = await exchange(new URL(url), Buffer.from(JSON.stringify(body)), options);
  if (status < 200 || status > 299) throw new PostError(`the webhook answered ${status}`, status >= 500 || status === 429);
  const code = refusalOf(text);
  if (code !== null) throw new PostError(`the service refused the message (code ${code})`, false);
}

function exchange(url: URL, data: Buffer, { allowPrivate = false, timeout_ms = 10_000, resolve = resolveAll, secret }: PostOptions): Promise<{ status: number; text: string }> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(timeout_ms);
  return new Promise((done, fail) => {
    const failed = (cause: NodeJS.ErrnoException) => fail(signal.aborted ? new PostError('the webhook did not answer in time', false, { cause }) : unreached(cause));
    const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': data.length, 'user-agent': 'vacancy', ...(secret && { 'x-vacancy-signature': `sha256=${createHmac('sha256', secret).update(data).digest('hex')}` }) };
    request(url, { method: 'POST', headers, lookup: checkedLookup(allowPrivate, resolve), signal, agent: false }, (response) => {
      let text = '';
      const end = () => {
        done({ status: response.statusCode ?? 0, text });
        response.destroy();
      };
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length >= MOST_ANSWER) end();
      }).on('end', end).on('error', failed);
    }).on('error', failed).end(data);
  });
}

function unreached(cause: NodeJS.ErrnoException): PostError {
  if (cause.message === PRIVATE) return new PostError(PRIVATE, false, { cause });
  return new PostError(`the webhook could not be reached${cause.code ? ` (${cause.code})` : ''}`, UNREACHED.has(cause.code ?? ''), { cause });
}

/** The error code in an answer, as DingTalk and WeCom (`errcode`) and Feishu (`code`) give it; null where there is none. */
function refusalOf(text: string): number | null {
  try {
    const { errcode, code } = JSON.parse(text) as { errcode?: unknown; code?: unknown };
    const given = errcode ?? code;
    return typeof given === 'number' && given !== 0 ? given : null;
  } catch {
    return null;
  }
}

/** A lookup that fails unless every address of the name may be called: one bad among good ones is a trap. */
export function checkedLookup(allowPrivate: boolean, resolve: (host: string) => Promise<LookupAddress[]>): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const refused = addresses.length === 0 || (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)));
        if (refused) return callback(new Error(PRIVATE), '', 0);
        const first = addresses[0]!;
        if (options.all) (callback as unknown as (error: null, all: LookupAddress[]) => void)(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

const resolveAll = (host: string): Promise<LookupAddress[]> =>
  new Promise((done, fail) => dnsLookup(host, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses))));
