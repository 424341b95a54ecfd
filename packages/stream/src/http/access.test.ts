import { describe, expect, it } from 'vitest';
import { access } from './access.js';

const open = { password: null, loopback: true };
const basic = (password: string) => `Basic ${Buffer.from(`vacancy:${password}`).toString('base64')}`;

describe('access', () => {
  it('lets a local browser in', () => {
    expect(access({ host: '127.0.0.1:7070', origin: 'http://127.0.0.1:7070' }, open)).toBe('ok');
    expect(access({ host: 'localhost:7070' }, open)).toBe('ok');
    expect(access({ host: '[::1]:7070' }, open)).toBe('ok');
  });

  it('refuses a name that only resolves to the loopback', () => {
    expect(access({ host: 'rebind.example:7070' }, open)).toBe('bad_host');
    expect(access({ host: '127.0.0.1.example' }, open)).toBe('bad_host');
    expect(access({}, open)).toBe('bad_host');
  });

  it('refuses a page of another origin', () => {
    expect(access({ host: '127.0.0.1:7070', origin: 'https://evil.example' }, open)).toBe('bad_origin');
    expect(access({ host: '127.0.0.1:7070', origin: 'http://127.0.0.1:9999' }, open)).toBe('bad_origin');
  });

  it('asks for the password where one is set', () => {
    const guarded = { password: 'correct horse', loopback: false };
    expect(access({ host: 'gpu.lab' }, guarded)).toBe('unauthorized');
    expect(access({ host: 'gpu.lab', authorization: basic('wrong') }, guarded)).toBe('unauthorized');
    expect(access({ host: 'gpu.lab', authorization: basic('correct horse') }, guarded)).toBe('ok');
    expect(access({ host: 'gpu.lab', authorization: 'Bearer correct horse' }, guarded)).toBe('ok');
  });
});
