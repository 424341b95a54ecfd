import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { LiveRowSchema, OverviewSchema, ServerDetailSchema, type Inventory, type LiveRow, type Overview } from '@vacancy/shared';
import { notFound } from '../errors.js';

export interface LiveView {
  overview(): Overview;
  rows(): LiveRow[];
  row(server: string): LiveRow | null;
  inventory(server: string): Inventory | null;
}

/** The status query: the general figures, the live table, one server. */
export function liveRoutes(app: FastifyInstance, live: LiveView): void {
  const typed = app.withTypeProvider<TypeBoxTypeProvider>();
  typed.get(
    '/overview',
    { schema: { tags: ['live'], summary: 'The general figures of the fleet', response: { 200: OverviewSchema } } },
    () => live.overview(),
  );
  typed.get(
    '/servers',
    { schema: { tags: ['live'], summary: 'The live table', response: { 200: Type.Object({ servers: Type.Array(LiveRowSchema) }) } } },
    () => ({ servers: live.rows() }),
  );
  typed.get(
    '/servers/:id',
    {
      schema: {
        tags: ['live'],
        summary: 'One server with its static data',
        params: Type.Object({ id: Type.String() }),
        response: { 200: ServerDetailSchema },
      },
    },
    ({ params }) => {
      const server = live.row(params.id);
      if (!server) throw notFound(`No server ${params.id.slice(0, 63)} is known.`);
      return { server, inventory: live.inventory(params.id) };
    },
  );
}
