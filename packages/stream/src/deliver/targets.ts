import { BlockList, isIP } from 'node:net';
import { err, ok, type Result } from '@vacancy/shared';

/** Where somebody is told. */
export type Target = { readonly kind: 'page' } | { readonly kind: 'webhook'; readonly url: string } | { readonly kind: 'mail'; readonly address: string };

/** `page`, the http(s) address of a webhook, or an e-mail address; the error is a sentence. Addresses behind a name are checked when it is resolved. */
export function parseTarget(text: string, allowPrivate = false): Result<Target, string> {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed === 'page') return ok({ kind: 'page' });
  if (/^[^\s@<>"',;:\\()[\]]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/i.test(trimmed)) return ok({ kind: 'mail', address: trimmed });
  const url = URL.canParse(trimmed) ? new URL(trimmed) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return err('notify must be "page", an http(s) address or an e-mail address');
  if (url.username || url.password) return err('the address of a webhook must not carry a password');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const named = isIP(host) === 0;
  if (!allowPrivate && (named ? isLocalName(host) : !isPublicAddress(host))) return err('the webhook lies in a private network');
  return ok({ kind: 'webhook', url: url.href });
}

const isLocalName = (host: string): boolean => /(?:^|\.)(?:localhost|local|internal|home\.arpa)\.?$/i.test(host);

// Special-purpose IPv4 blocks of IANA's registry (RFC 6890 and successors) and multicast.
const PRIVATE = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24],
  ['192.0.2.0', 24], ['192.88.99.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24],
  ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const) PRIVATE.addSubnet(net, bits, 'ipv4');

// In IPv6 only 2000::/3 is public, and in it these are not: they carry an IPv4 address or are special.
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
for (const [net, bits] of [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const) PRIVATE.addSubnet(net, bits, 'ipv6');

/** Whether an address may be called by a server on behalf of a stranger. Anything that is not an address is not. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !PRIVATE.check(address, 'ipv4');
  return family === 6 && GLOBAL.check(address, 'ipv6') && !PRIVATE.check(address, 'ipv6');
}
