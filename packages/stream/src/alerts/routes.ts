import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { AlertsSchema, type Alerts } from '@vacancy/shared';

/** `GET /alerts`: what is wrong now, and what was told lately. */
export function alertRoutes(app: FastifyInstance, list: () => Alerts): void {
  app.withTypeProvider<TypeBoxTypeProvider>().get('/alerts', { schema: { tags: ['live'], summary: 'What is wrong now, and what was told lately', response: { 200: AlertsSchema } } }, list);
}
