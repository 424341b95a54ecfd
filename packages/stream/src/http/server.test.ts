import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { badRequest } from './errors.js';
import { createHttp } from './server.js';

const web_dir = mkdtempSync(path.join(tmpdir(), 'vacancy-web-'));
writeFileSync(path.join(web_dir, 'index.html'), '<!doctype html><title>Vacancy</title>');
writeFileSync(path.join(web_dir, 'favicon.svg'), '<svg/>');
afterAll(() => rmSync(web_dir, { recursive: true }));

const app = (password: string | null = null) =>
  createHttp(
    { access: { password, loopback: true }, web_dir, version: '1.2.3', log: silentLog },
    {
      api(api) {
        api.get('/fine', () => ({ fine: true }));
        api.get('/bad', () => Promise.reject(badRequest('from must lie before to.')));
        api.get('/broken', () => Promise.reject(new Error('password=hunter2 in /etc/secret')));
      },
      root: (root) => root.get('/healthz', () => ({ ok: true })),
    },
  );
const LOCAL = { host: '127.0.0.1:7070' };
const PAGE = { ...LOCAL, accept: 'text/html' };

describe('the HTTP side', () => {
  it('answers every error as code and message, and keeps what is inside to itself', async () => {
    const http = await app();
    expect((await http.inject({ url: '/api/v1/bad', headers: LOCAL })).json()).toEqual({ error: { code: 'bad_request', message: 'from must lie before to.' } });
    const broken = await http.inject({ url: '/api/v1/broken', headers: LOCAL });
    expect(broken.statusCode).toBe(500);
    expect(broken.body).not.toContain('hunter2');
    const nothing = await http.inject({ url: '/api/v1/nothing', headers: PAGE });
    expect([nothing.statusCode, nothing.json<{ error: { code: string } }>().error.code]).toEqual([404, 'not_found']);
  });

  it('shows the page for every address of the page, fresh each time', async () => {
    const http = await app();
    for (const url of ['/', '/index.html', '/servers/gpu01', '/reports/day/2026-11-20']) {
      const answer = await http.inject({ url, headers: PAGE });
      expect([url, answer.statusCode, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([url, 200, 'text/html; charset=utf-8', 'no-cache']);
    }
    expect((await http.inject({ url: '/favicon.svg', headers: LOCAL })).statusCode).toBe(200);
    expect((await http.inject({ url: '/missing.js', headers: LOCAL })).statusCode).toBe(404);
    expect((await http.inject({ url: '/..%2f..%2fetc%2fpasswd', headers: LOCAL })).statusCode).not.toBe(200);
  });

  it('allows no inline script and no framing', async () => {
    const policy = (await (await app()).inject({ url: '/', headers: PAGE })).headers['content-security-policy'] as string;
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  });

  it('asks for the password everywhere but where probes and new servers come', async () => {
    const http = await app('correct horse');
    const statusOf = async (url: string, headers = {}) => (await http.inject({ url, headers: { ...LOCAL, ...headers } })).statusCode;
    expect(await statusOf('/')).toBe(401);
    expect(await statusOf('/api/v1/fine')).toBe(401);
    expect(await statusOf('/docs/')).toBe(401);
    expect(await statusOf('/healthz')).toBe(200);
    expect(await statusOf('/api/v1/fine', { authorization: 'Bearer correct horse' })).toBe(200);
    expect(await statusOf('/api/v1/fine', { authorization: 'Bearer correct' })).toBe(401);
    expect(await statusOf('/api/v1/fine', { authorization: `Basic ${Buffer.from('me:correct horse').toString('base64')}` })).toBe(200);
  });

  it('refuses names that only resolve to this machine, and pages of other origins', async () => {
    const http = await app();
    expect((await http.inject({ url: '/api/v1/fine', headers: { host: 'rebind.example' } })).statusCode).toBe(421);
    expect((await http.inject({ url: '/api/v1/fine', headers: { ...LOCAL, origin: 'https://evil.example' } })).statusCode).toBe(403);
  });

  it('describes itself', async () => {
    const document = (await (await app()).inject({ url: '/api/v1/openapi.json', headers: LOCAL })).json<{ openapi: string; info: { version: string }; paths: object }>();
    expect(document.info.version).toBe('1.2.3');
    expect(Object.keys(document.paths)).toContain('/api/v1/fine');
  });
});
