import { afterEach, describe, expect, it, vi } from 'vitest';
import { createHttpApi, splitFields } from './http.js';

const answer = (status: number, body: unknown) => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
function serve(...answers: (Response | Error)[]) {
  const urls: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    urls.push(url);
    const next = answers.shift()!;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  });
  return urls;
}
afterEach(() => vi.unstubAllGlobals());

describe('the HTTP client', () => {
  it('encodes what people typed into the path', async () => {
    const urls = serve(answer(404, { error: { code: 'not_found', message: 'no' } }));
    await expect(createHttpApi().server('../../x?y')).rejects.toMatchObject({ status: 404, code: 'not_found' });
    expect(urls).toEqual(['/api/v1/servers/..%2F..%2Fx%3Fy']);
  });

  it('calls no answer `network`, and a proxy’s HTML by its status', async () => {
    serve(new TypeError('failed'), answer(502, '<html>'));
    const api = createHttpApi();
    await expect(api.server('a')).rejects.toMatchObject({ status: 0, code: 'network' });
    await expect(api.server('a')).rejects.toMatchObject({ status: 502, code: 'http' });
  });

  it('leaves absent parameters out', async () => {
    const urls = serve(answer(200, { servers: [], rejected: [], ts: 0 }));
    await createHttpApi().recommend({ gpus: 2, model: undefined });
    expect(urls).toEqual(['/api/v1/recommend?gpus=2']);
  });

  it('asks for many fields in several requests and answers with all columns', async () => {
    const fields = Array.from({ length: 120 }, (_, i) => `gpu.${i}.memory_used`);
    const groups = splitFields(fields);
    const urls = serve(...groups.map((group) => answer(200, { ts: [1], ...Object.fromEntries(group.split(',').map((field) => [field, [2]])) })));
    const series = await createHttpApi().series('a', { fields, from: 0, to: 1 });
    expect(urls.length).toBe(groups.length);
    expect(Object.keys(series).sort()).toEqual(['ts', ...fields].sort());
  });
});

describe('fields of a request', () => {
  it('are all there, in order, and no group is too long', () => {
    const fields = Array.from({ length: 64 }, (_, i) => [`gpu.${i}.memory_used`, `gpu.${i}.utilization`]).flat();
    const groups = splitFields(fields, 300);
    expect(groups.join(',').split(',')).toEqual(fields);
    expect(Math.max(...groups.map((group) => group.length))).toBeLessThanOrEqual(300);
  });
});
