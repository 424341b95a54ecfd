import type { FastifyInstance } from 'fastify';

export interface Dependency {
  readonly ready: boolean;
  /** How it stands, in words. */
  readonly detail: string;
  readonly [figure: string]: unknown;
}

export type Health = Readonly<Record<'broker' | 'database' | 'windows', Dependency>>;

/** Liveness, and readiness with one entry per dependency; at the root, where probes look for them. */
export function healthRoutes(app: FastifyInstance, health: () => Health): void {
  app.get('/healthz', { schema: { hide: true } }, () => ({ ok: true }));
  app.get('/readyz', { schema: { hide: true } }, (_request, reply) => {
    const dependencies = health();
    const ready = Object.values(dependencies).every((dependency) => dependency.ready);
    return reply.status(ready ? 200 : 503).send({ ready, ...dependencies });
  });
}
