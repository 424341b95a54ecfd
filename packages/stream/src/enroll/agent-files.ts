import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { notFound } from '../http/errors.js';

/** Where `deploy/agent/pack.mjs` puts the agent, its installer and the Node to run it. */
export const AGENT_FILES_DIR = fileURLToPath(new URL('../../../../deploy/agent/dist', import.meta.url));

const SERVED = /^(?:install\.sh|agent\.tgz|node-v[0-9.]+-linux-[a-z0-9]+\.gz)$/;

/**
 * `GET /agent/<file>`: what the line of `vacancy enroll` fetches. Nothing in it is secret, and a server that is being set up has
 * no password yet; who changes it on the way is found out by the checksum in the line.
 */
export function agentFileRoutes(app: FastifyInstance, dir = AGENT_FILES_DIR): void {
  app.get<{ Params: { file: string } }>('/agent/:file', { schema: { hide: true } }, async (request, reply) => {
    const { file } = request.params;
    const size = SERVED.test(file) ? await sizeOf(path.join(dir, file)) : null;
    if (size === null) throw notFound('There is no such file of the agent here.');
    return reply.type(file === 'install.sh' ? 'text/x-shellscript; charset=utf-8' : 'application/gzip').header('content-length', size).header('cache-control', 'no-cache').send(createReadStream(path.join(dir, file)));
  });
}

/** @returns hex, or `null` while the agent has not been packed. */
export const installScriptSha256 = (dir = AGENT_FILES_DIR): Promise<string | null> =>
  readFile(path.join(dir, 'install.sh')).then((script) => createHash('sha256').update(script).digest('hex'), () => null);

const sizeOf = (file: string): Promise<number | null> => stat(file).then(({ size }) => size, () => null);
