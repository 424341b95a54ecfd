import { createHmac } from 'node:crypto';
import { lookup, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { parseTarget } from '../../recommend/targets.js';
import { checkedLookup } from '../../recommend/webhook.js';

export interface PostOptions {
  readonly allowPrivate: boolean;
  readonly timeout_ms?: number;
  readonly resolve?: (host: string) => Promise<LookupAddress[]>;
  /** Signs the body, so that the receiver can tell it from anybody else's. */
  readonly secret?: string;
}

/** Enough for a service's error code. */
const MOST_ANSWER = 4096;

/**
 * Posts JSON to a chat service or webhook and reads what it says of it: DingTalk, WeCom and Feishu answer 200 with an error in the
 * body. The connection goes to an address that was checked; a redirect is not followed, because it could lead inside.
 * @throws Error with a sentence that holds neither the address nor what was answered, but for a service's own code
 */
export async function postJson(url: string, body: unknown, options: PostOptions): Promise<void> {
  const target = parseTarget(url, options.allowPrivate);
  if (!target.ok) throw new Error(target.error);
  const { status, text } = await exchange(new URL(url), Buffer.from(JSON.stringify(body)), options);
  if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
  const code = refusalOf(text);
  if (code !== null) throw new Error(`the service refused the message (code ${code})`);
}

function exchange(url: URL, data: Buffer, { allowPrivate, timeout_ms = 10_000, resolve = resolveAll, secret }: PostOptions): Promise<{ status: number; text: string }> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(timeout_ms);
  return new Promise((done, fail) => {
    const failed = (cause: Error & { code?: string }) => fail(new Error(signal.aborted ? 'the webhook did not answer in time' : `the webhook could not be reached${cause.code ? ` (${cause.code})` : ''}`, { cause }));
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

const resolveAll = (host: string): Promise<LookupAddress[]> =>
  new Promise((done, fail) => lookup(host, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses))));
