import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { isPublicAddress, parseTarget } from './targets.js';

export interface WebhookOptions {
  /** Addresses of private networks may be called too. */
  readonly allowPrivate?: boolean;
  readonly timeout_ms?: number;
  readonly resolve?: (host: string) => Promise<LookupAddress[]>;
}

/** The webhook was not told; `retryable` where another try may help. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}

/** Not even a connection: nothing was said. One that broke later may have been heard. */
const UNREACHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Posts JSON to a webhook. The connection goes to an address that was checked, not to a name that may resolve
 * differently the second time; a redirect is not followed, because it could lead inside; the answer's body is not read.
 * @throws WebhookError with a sentence, when the target is refused, does not answer in time or answers other than 2xx.
 */
export async function postWebhook(url: string, body: unknown, options: WebhookOptions = {}): Promise<void> {
  const { allowPrivate = false, timeout_ms = 10_000, resolve = resolveAll } = options;
  const target = parseTarget(url, allowPrivate);
  if (!target.ok) throw new WebhookError(target.error, false);
  const data = Buffer.from(JSON.stringify(body));
  const status = await send(new URL(url), data, checkedLookup(allowPrivate, resolve), timeout_ms);
  if (status < 200 || status > 299) throw new WebhookError(`the webhook answered ${status}`, status >= 500 || status === 429);
}

function send(url: URL, data: Buffer, lookup: LookupFunction, timeout_ms: number): Promise<number> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((done, fail) => {
    const signal = AbortSignal.timeout(timeout_ms);
    const headers = { 'content-type': 'application/json', 'content-length': data.length, 'user-agent': 'vacancy' };
    request(url, { method: 'POST', headers, lookup, signal, agent: false }, (response) => {
      done(response.statusCode ?? 0);
      response.destroy();
    })
      .on('error', (cause: NodeJS.ErrnoException) =>
        fail(signal.aborted ? new WebhookError('the webhook did not answer in time', false, { cause }) : new WebhookError(`the webhook could not be reached: ${cause.message}`, UNREACHED.has(cause.code ?? ''), { cause })),
      )
      .end(data);
  });
}

/** A lookup that fails unless every address of the name may be called: one bad among good ones is a trap. */
export function checkedLookup(allowPrivate: boolean, resolve: (host: string) => Promise<LookupAddress[]>): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const refused = addresses.length === 0 || (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address)));
        if (refused) return callback(new Error(`${host} lies in a private network`), '', 0);
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
