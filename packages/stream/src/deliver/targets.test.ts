import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isPublicAddress, parseTarget } from './targets.js';
import { checkedLookup, postJson } from './post.js';

describe('an address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '2606:4700:4700::1111'])('%s may be called', (address) => expect(isPublicAddress(address)).toBe(true));
  it.each([
    '127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.1',
    '::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', 'ff02::1', '2001:db8::1', '', 'example.org',
  ])('%s may not', (address) => expect(isPublicAddress(address)).toBe(false));
});

describe('a target', () => {
  it('is the page, a webhook or a mail address', () => {
    expect(parseTarget('page')).toEqual({ ok: true, value: { kind: 'page' } });
    expect(parseTarget('https://hooks.example.org/x')).toEqual({ ok: true, value: { kind: 'webhook', url: 'https://hooks.example.org/x' } });
    expect(parseTarget('alice@example.org')).toEqual({ ok: true, value: { kind: 'mail', address: 'alice@example.org' } });
  });
  it.each([
    'file:///etc/passwd', 'gopher://x', 'javascript:alert(1)', 'http://u:p@example.org/', 'nonsense', 'a@b\r\nBcc: c@d', 'http://127.0.0.1/',
    'http://0x7f000001/', 'http://2130706433/', 'http://[::1]/', 'http://[::ffff:10.0.0.1]/', 'http://localhost:8123/', 'http://db.internal/', 'http://localhost./',
  ])('%j is refused', (text) => expect(parseTarget(text).ok).toBe(false));
  it('in a private network is accepted when that is allowed', () => expect(parseTarget('http://10.0.0.5/hook', true).ok).toBe(true));
});

describe('a webhook', () => {
  const lookupOf = (addresses: string[], allowed = false) =>
    new Promise((done) => {
      const resolve = async () => addresses.map((address) => ({ address, family: 4 }));
      checkedLookup(allowed, resolve)('hooks.example.org', {}, (error, address) => done(error ? error.message : address));
    });
  it('goes to the address that was checked', async () => expect(await lookupOf(['8.8.8.8'])).toBe('8.8.8.8'));
  it('whose name leads inside, even by one of its addresses, is refused', async () => {
    expect(await lookupOf(['8.8.8.8', '127.0.0.1'])).toBe('the webhook lies in a private network');
    expect(await lookupOf([])).toBe('the webhook lies in a private network');
    expect(await lookupOf(['127.0.0.1'], true)).toBe('127.0.0.1');
  });

  const served = async (status: number, run: (url: string, seen: string[]) => Promise<void>) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => {
        seen.push(`${request.method} ${request.url} ${body}`);
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, seen);
    } finally {
      server.close();
    }
  };
  it('gets the message as JSON', () =>
    served(204, async (url, seen) => {
      await postJson(url, { text: 'gpu01' }, { allowPrivate: true });
      expect(seen).toEqual(['POST /hook {"text":"gpu01"}']);
    }));
  it('that redirects is not followed', () =>
    served(302, async (url, seen) => {
      await expect(postJson(url, {}, { allowPrivate: true })).rejects.toThrow('answered 302');
      expect(seen).toHaveLength(1);
    }));
  it('in a private network is not called', () =>
    served(204, async (url, seen) => {
      await expect(postJson(url, {})).rejects.toThrow('private network');
      await expect(postJson(url.replace('127.0.0.1', 'rebound.example.org'), {}, { resolve: async () => [{ address: '127.0.0.1', family: 4 }] })).rejects.toThrow('private network');
      expect(seen).toEqual([]);
    }));
});
