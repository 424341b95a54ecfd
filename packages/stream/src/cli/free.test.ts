import { spawn } from 'node:child_process';
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
    expect(render(answerOf('实验室一号'), null)).toBe(
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
    expect(render(answerOf('x', 11 * GIB), null)).toBe('Nothing fits.\n\ngpu01  only 1 of 2 cards with 11 GiB free\ngpu02  offline\n');
  });
  it('carries no escape sequence that a server put into a name', () => {
    expect(render(answerOf(evil), null)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    const forged = answerOf('x');
    forged.servers[0]!.cuda_visible_devices = '0; rm -rf ~';
    expect(render(forged, null)).toContain('export CUDA_VISIBLE_DEVICES=0\n');
  });
});

describe('vacancy free', () => {
  const program = fileURLToPath(new URL('./free.fixture.ts', import.meta.url));

  async function run(args: string[], answer: unknown, until?: (out: string) => boolean) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.setHeader('content-type', 'application/json').end(JSON.stringify(request.method === 'POST' ? { id: 'h1', by: 'bob', created: 0, until: 300_000 } : answer));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@vacancy/source', program, 'free', '--url', url, '--by', 'bob', ...args]);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (until?.(out)) child.kill('SIGINT');
    });
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((done) => child.on('close', done));
    server.close();
    return { code, out, asked };
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
  it('holds what it was answered', async () => {
    const { asked, out } = await run(['--hold', '5'], answerOf('x'));
    expect(asked[1]).toBe('POST /api/v1/holds');
    expect(out).toContain('Held for bob for 5 min');
  });
  it('refuses what is not a number before it asks anybody', async () => {
    const { code, asked } = await run(['--gpus', 'two'], null);
    expect({ code, asked }).toEqual({ code: 1, asked: [] });
  });
  it('watches until it is interrupted', async () => {
    const { code, asked, out } = await run(['--watch'], answerOf('x'), (text) => text.split('export CUDA_VISIBLE_DEVICES').length > 2);
    expect(code).toBe(0);
    expect(asked.length).toBeGreaterThanOrEqual(2);
    expect(out).not.toContain('\u001b');
  });
});
