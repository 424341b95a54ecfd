import { timingSafeEqual, createHash } from 'node:crypto';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export interface AccessOptions {
  /** Asked for by Basic or Bearer authentication; null on loopback only. */
  readonly password: string | null;
  readonly loopback: boolean;
}

export type Verdict = 'ok' | 'bad_host' | 'bad_origin' | 'unauthorized';

/**
 * One gate for pages, API and sockets.
 *
 * On loopback the Host header must name the loopback: else a page on the internet could have its own name resolve to
 * 127.0.0.1 and read everything (DNS rebinding). A browser that names an Origin must have come from this very host.
 */
export function access(headers: Headers, { password, loopback }: AccessOptions): Verdict {
  const host = single(headers.host);
  if (loopback && !LOOPBACK_HOST.test(host)) return 'bad_host';
  const origin = single(headers.origin);
  if (origin && origin !== 'null' && hostOf(origin) !== host) return 'bad_origin';
  if (password !== null && !same(given(single(headers.authorization)), password)) return 'unauthorized';
  return 'ok';
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

const single = (value: string | string[] | undefined): string => (Array.isArray(value) ? (value[0] ?? '') : (value ?? ''));

const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null);

function given(authorization: string): string {
  const [, scheme = '', value = ''] = /^(\w+) +(.*)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return '';
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

/** Compares digests, so that neither length nor first difference shows in the time it takes. */
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
