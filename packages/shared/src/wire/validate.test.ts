import { describe, expect, it } from 'vitest';
import { decodeInventory, decodeSample } from './validate.js';

const SAMPLE = {
  v: 1, server: 'gpu01', boot_id: '6f1c0a7b9d2e4c55', seq: 4711, ts: 1762000000123, interval_ms: 1000, uptime_s: 7793761, cpu: 31.9,
  memory_total: 118158827520, memory_used: 12702396416, hdd_total: 8315412000000, hdd_used: 7568100000000,
  network_in: 1472131498480, network_out: 6131962388933,
  gpus: [{ id: 0, memory_total: 12788432896, memory_used: 7624196096 }],
};
const decode = (value: unknown, subject = 'vacancy.v1.sample.gpu01') =>
  decodeSample(subject, new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
const codeOf = (value: unknown, subject?: string) => {
  const decoded = decode(value, subject);
  return decoded.ok ? 'ok' : decoded.error.code;
};

describe('decodeSample', () => {
  it('takes the required fields alone', () => expect(codeOf(SAMPLE)).toBe('ok'));
  it('ignores keys it does not know', () => expect(codeOf({ ...SAMPLE, online0: false })).toBe('ok'));

  it.each(Object.keys(SAMPLE))('sets a sample without %s aside', (key) => {
    expect(codeOf({ ...SAMPLE, [key]: undefined })).toBe('invalid');
  });

  it.each([
    ['not JSON', '{"v":1', 'not_json'],
    ['bytes that are no UTF-8', '\ud800', 'not_json'],
    ['null', 'null', 'invalid'],
    ['a number as text', { ...SAMPLE, cpu: '31.9' }, 'invalid'],
    ['a negative amount', { ...SAMPLE, memory_used: -1 }, 'invalid'],
    ['an infinite one', JSON.stringify(SAMPLE).replace('31.9', '1e999'), 'invalid'],
    ['cpu over 100', { ...SAMPLE, cpu: 100.1 }, 'invalid'],
    ['65 cards', { ...SAMPLE, gpus: Array.from({ length: 65 }, (_, id) => ({ id, memory_total: 1, memory_used: 0 })) }, 'invalid'],
    ['a user name over its bound', { ...SAMPLE, gpus: [{ ...SAMPLE.gpus[0], processes: [{ pid: 1, user: 'x'.repeat(65) }] }] }, 'invalid'],
    ['more memory used than there is', { ...SAMPLE, memory_used: SAMPLE.memory_total * 1.02 }, 'used_over_total'],
    ['more card memory used than there is', { ...SAMPLE, gpus: [{ id: 0, memory_total: 100, memory_used: 102 }] }, 'used_over_total'],
    ['one card twice', { ...SAMPLE, gpus: [SAMPLE.gpus[0], SAMPLE.gpus[0]] }, 'duplicate_gpu'],
    ['a server id with a dot', { ...SAMPLE, server: 'a.b' }, 'invalid'],
  ])('sets %s aside', (_, value, code) => expect(codeOf(value)).toBe(code));

  it('tolerates one percent over the total, which units rounded at the source can cause', () => {
    expect(codeOf({ ...SAMPLE, memory_used: SAMPLE.memory_total * 1.009 })).toBe('ok');
  });

  it('believes the subject, not the sender', () => expect(codeOf(SAMPLE, 'vacancy.v1.sample.gpu02')).toBe('wrong_server'));
  it('refuses more than 64 KiB before it parses', () => expect(codeOf(`"${'x'.repeat(65 * 1024)}"`)).toBe('too_large'));
});

describe('decodeInventory', () => {
  it('wants a name people can read', () => {
    const inventory = { v: 1, server: 'gpu01', name: '', memory_limit: 1, hdd_total: 1, gpu_num: 0, gpus: [] };
    const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
    expect(decodeInventory('vacancy.v1.inventory.gpu01', bytes(inventory)).ok).toBe(false);
    expect(decodeInventory('vacancy.v1.inventory.gpu01', bytes({ ...inventory, name: '实验室一号' })).ok).toBe(true);
  });
});
