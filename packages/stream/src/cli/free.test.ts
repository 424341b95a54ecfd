import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GIB, type Recommendation } from '@vacancy/shared';
import { NOW, card, row } from '../recommend/fixture.js';
import { recommend } from '../recommend/rank.js';
import { LIKE_SERVER } from '../recommend/request.js';
import { render } from './free.js';

const evil = 'a\u001b[2J\u001b]0;owned\u0007b';
const answerOf = (name: string, memory = 0): Recommendation =>
  recommend([row('gpu01', [card(0), card(3, { users: ['alice'], memory_free: 10 * GIB })], { name }), row('gpu02', [card(0)], { online: false })], { ...LIKE_SERVER, gpus: 2, memory }, NOW);

describe('the answer in a terminal', () => {
  it('is a table and the lines to copy', () => {
    expect(render(answerOf('实验室一号'))).toBe(
      [
        'server  name        cards  model     free    used by  stays free  read',
        'gpu01   实验室一号  0,3    TITAN Xp  10 GiB  alice    -           1 s ago',
        '',
        '# on gpu01',
        'export CUDA_DEVICE_ORDER=PCI_BUS_ID',
        'export CUDA_VISIBLE_DEVICES=0,3',
        '',
      ].join('\n'),
    );
  });
  it('says of every server why not when nothing fits', () => {
    expect(render(answerOf('x', 11 * GIB))).toBe('Nothing fits.\n\ngpu01  only 1 of 2 cards with 11 GiB free\ngpu02  offline\n');
  });
  it('gives up columns on a narrow terminal, never the cards', () => {
    const lines = (columns: number) => render(answerOf('实验室一号'), { columns }).split('\n');
    expect(lines(64)[0]).toBe('server  cards  model     free    used by  stays free  read');
    expect(lines(30)[0]).toBe('server  cards  free    used by');
    expect(lines(10)[0]).toBe('server  cards  free');
  });
  it('has lines to copy for each server when all are needed', () => {
    const apart = recommend([row('gpu01', [card(0)]), row('gpu02', [card(0), card(1)])], { ...LIKE_SERVER, gpus: 3, spread: true }, NOW);
    expect(render(apart, { spread: true }).split('\n').filter((line) => /^#|DEVICES/.test(line))).toEqual([
      '# on gpu02', 'export CUDA_VISIBLE_DEVICES=0,1', '# on gpu01', 'export CUDA_VISIBLE_DEVICES=0',
    ]);
  });
  it('carries no escape sequence that a server put into a name', () => {
    expect(render(answerOf(evil))).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    const forged = answerOf('x');
    forged.servers[0]!.cuda_visible_devices = '0; rm -rf ~';
    expect(render(forged)).toContain('export CUDA_VISIBLE_DEVICES=0\n');
  });
});

describe('vacancy free', () => {
  const program = fileURLToPath(new URL('./main.ts', import.meta.url));

  const hold = { id: 'h1', by: 'bob', created: 0, until: 300_000 };
  const refusal = (code: string) => ({ status: 409, body: { error: { code, message: `refused: ${code}` } } });

  /** @param posts what `POST` is answered, one after the other; holds when there are no more */
  async function run(args: string[], answer: unknown, { until, posts = [] }: { until?: (out: string) => boolean; posts?: { status: number; body: unknown }[] } = {}) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const said = request.method === 'GET' ? { status: 200, body: answer } : ((request.method === 'POST' && posts.shift()) || { status: 200, body: hold });
      response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', program, 'free', '--url', url, '--by', 'bob', ...args]);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (until?.(out)) child.kill('SIGINT');
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const code = await new Promise<number | null>((done) => child.on('close', done));
    server.close();
    return { code, out, err, asked };
  }

  it('asks for what it was told and exits 0', async () => {
    const { code, out, asked } = await run(['--gpus', '2', '--memory', '20G', '--model', 'A100'], answerOf('x'));
    expect(asked).toEqual(['GET /api/v1/recommend?gpus=2&memory=20G&model=A100&limit=3&by=bob']);
    expect({ code, last: out.trim().split('\n').at(-1) }).toEqual({ code: 0, last: 'export CUDA_VISIBLE_DEVICES=0,3' });
  });
  it('exits 1 when nothing fits, in JSON too', async () => {
    const { code, out } = await run(['--json'], answerOf('x', 11 * GIB));
    expect({ code, servers: (JSON.parse(out) as Recommendation).servers }).toEqual({ code: 1, servers: [] });
  });
  it('holds what it was answered, asks again when another was quicker, and gives up on any other refusal', async () => {
    const quick = await run(['--hold', '5'], answerOf('x'), { posts: [refusal('held')] });
    expect(quick.asked.map((one) => one.split(' ')[0])).toEqual(['GET', 'POST', 'GET', 'POST']);
    expect(quick).toMatchObject({ code: 0, out: expect.stringContaining('Held for bob for 5 min') as string });
    const refused = await run(['--hold', '5'], answerOf('x'), { posts: [refusal('too_many_holds')] });
    expect({ code: refused.code, out: refused.out, err: refused.err }).toEqual({ code: 2, out: '', err: 'refused: too_many_holds\n' });
  });
  it('holds all that is needed together, or nothing', async () => {
    const apart = recommend([row('gpu01', [card(0)]), row('gpu02', [card(0), card(1)])], { ...LIKE_SERVER, gpus: 3, spread: true }, NOW);
    const { asked } = await run(['--gpus', '3', '--spread', '--hold', '5'], apart, { posts: [{ status: 200, body: hold }, refusal('held')] });
    expect(asked.map((one) => one.replace(/\?.*/, ''))).toEqual([
      'GET /api/v1/recommend', 'POST /api/v1/holds', 'POST /api/v1/holds', 'DELETE /api/v1/holds/h1', 'GET /api/v1/recommend', 'POST /api/v1/holds', 'POST /api/v1/holds',
    ]);
    expect(asked[0]).toContain('spread=true');
  });
  it('says where it looked when nobody answers, and exits 2', async () => {
    const { code, out, err } = await run(['--url', 'http://127.0.0.1:1'], null);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^No answer from http:\/\/127\.0\.0\.1:1\. Is Vacancy running there\?/);
  });
  it('ends quietly when its reader goes away', async () => {
    const server = createServer((_request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(answerOf('x')))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const free = `'${process.execPath}' --import tsx --conditions=@vacancy/source '${program}' free --watch --url ${url}`;
    const child = spawn('bash', ['-c', `set -o pipefail; ${free} | head -1; echo "code $?"`]);
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await once(child, 'close');
    server.close();
    expect(told).toMatch(/^server .*\ncode 0\n$/);
  });
  it('refuses what is not a number before it asks anybody', async () => {
    const { code, asked } = await run(['--gpus', 'two'], null);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
  });
  it('watches until it is interrupted', async () => {
    const { code, asked, out } = await run(['--watch'], answerOf('x'), { until: (text) => text.split('export CUDA_VISIBLE_DEVICES').length > 2 });
    expect(code).toBe(0);
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(out).not.toContain('\u001b');
  });
});
