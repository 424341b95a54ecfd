import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerErrors } from '../http/errors.js';
import { agentFileRoutes, installScriptSha256 } from './agent-files.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'vacancy-files-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('GET /agent/:file', () => {
  it('gives the files of the agent as they are, and nothing else of the folder or beside it', async () => {
    await writeFile(path.join(dir, 'install.sh'), '#!/bin/sh\n');
    await writeFile(path.join(dir, 'secret'), 'x');
    const app = Fastify();
    answerErrors(app);
    agentFileRoutes(app, dir);
    const get = (file: string) => app.inject({ url: `/agent/${file}` });
    expect((await get('install.sh')).body).toBe('#!/bin/sh\n');
    for (const file of ['secret', 'agent.tgz', '..%2fsecret', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', '']) expect((await get(file)).statusCode, file).toBe(404);
    expect((await get('agent.tgz')).json()).toMatchObject({ error: { code: 'not_found' } });
  });

  it('has a checksum to show only once the agent was packed', async () => {
    expect(await installScriptSha256(dir)).toBeNull();
    await writeFile(path.join(dir, 'install.sh'), 'abc');
    expect(await installScriptSha256(dir)).toBe(createHash('sha256').update('abc').digest('hex'));
  });
});
