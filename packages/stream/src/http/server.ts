import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import helmet from '@fastify/helmet';
import serveStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply } from 'fastify';
import { API_BASE } from '@vacancy/shared';
import type { Log } from '../log.js';
import { access, type AccessOptions } from './access.js';
import { answerErrors, notFound } from './errors.js';

export interface HttpOptions {
  readonly access: AccessOptions;
  /** The built pages. */
  readonly web_dir: string;
  readonly version: string;
  readonly log: Log;
}

const REFUSALS = {
  bad_host: [421, 'This address is not served here: use the name or address the service listens on.'],
  bad_origin: [403, 'Requests from pages of another origin are refused.'],
  unauthorized: [401, 'A password is needed.'],
} as const;

/** Probes carry no password, and learn up or not up; nor does a server that is being set up, which fetches what is no secret. */
const isOpen = (url: string): boolean => url === '/healthz' || url === '/readyz' || url.startsWith('/agent/');

/**
 * The HTTP side of the service: pages, API and documentation, without any route of its own.
 * @param api adds the routes below `/api/v1`, `root` those beside it.
 */
export async function createHttp(
  { access: accessOptions, web_dir, version, log }: HttpOptions,
  routes: { readonly api: (app: FastifyInstance) => void; readonly root: (app: FastifyInstance) => void },
): Promise<FastifyInstance> {
  const app = Fastify({ loggerInstance: log as FastifyBaseLogger, logController: new LogController({ disableRequestLogging: true }), bodyLimit: 64 * 1024, forceCloseConnections: true });
  answerErrors(app);
  app.addHook('onRequest', async (request, reply) => {
    const verdict = isOpen(request.url) ? 'ok' : access(request.headers, accessOptions);
    if (verdict === 'ok') return;
    const [status, message] = REFUSALS[verdict];
    if (verdict === 'unauthorized') void reply.header('www-authenticate', 'Basic realm="Vacancy", charset="UTF-8"');
    return reply.status(status).send({ error: { code: verdict, message } });
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // Charts and tables position themselves with style attributes; no script can come this way.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
  });
  await app.register(swagger, {
    openapi: {
      info: { title: 'Vacancy', version, description: 'Which server and card should I use now, and how was the fleet used?' },
      servers: [{ url: '/' }],
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: false });
  await app.register(
    async (api) => {
      api.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
      routes.api(api);
    },
    { prefix: API_BASE },
  );
  routes.root(app);
  await servePages(app, web_dir);
  return app;
}

async function servePages(app: FastifyInstance, web_dir: string): Promise<void> {
  const index = path.join(web_dir, 'index.html');
  const built = existsSync(index);
  // index.html names the hashed files and must be asked for each time; they never change.
  const page = (reply: FastifyReply) => reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(createReadStream(index));
  if (built) {
    for (const route of ['/', '/index.html']) app.get(route, { schema: { hide: true } }, (_request, reply) => page(reply));
    await app.register(serveStatic, { root: web_dir, index: false, setHeaders: cacheHashed });
  }
  app.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' && !request.url.startsWith('/api/') && (request.headers.accept ?? '').includes('text/html');
    if (!isPage || !built) throw notFound(`There is nothing at ${request.method} ${request.url.slice(0, 200)}.`);
    return page(reply);
  });
}

function cacheHashed(reply: FastifyReply, file: string): void {
  void reply.header('cache-control', file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache');
}
