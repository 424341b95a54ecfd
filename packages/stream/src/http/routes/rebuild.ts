import { Readable } from 'node:stream';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import type { RebuildProgress } from '../../store/rebuild.js';
import type { Store } from '../../store/store.js';
import { parseStart } from '../../reports/period.js';
import { HttpError, badRequest } from '../errors.js';

/** A line of the answer: how far it is, that it is done, or why it ended. */
export type RebuildLine = RebuildProgress | { readonly finished: true } | { readonly error: string };

const Moment = Type.Union([Type.Integer(), Type.String({ maxLength: 10 })], {
  description: 'Unix ms, or a local date as 2026-11-20; what is kept when absent. Whole local days are made anew, the last one included',
});

const Body = Type.Object({
  tables: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32, description: 'Archives; all when absent' })),
  from: Type.Optional(Moment),
  to: Type.Optional(Moment),
});

/** `POST /rebuild`: makes archives anew from what they are made of; progress as a line of JSON each. One at a time. */
export function rebuildRoutes(app: FastifyInstance, store: Store): void {
  let running = false;
  app.withTypeProvider<TypeBoxTypeProvider>().post('/rebuild', { schema: { tags: ['history'], summary: 'Make archives anew', body: Body } }, ({ body }, reply) => {
    const [from, to] = [body.from, body.to].map((moment) => toMillis(moment, store.settings.timezone));
    if (running) throw new HttpError(409, 'already_running', 'Archives are being made anew already.');
    running = true;
    const lines = new Readable({ read() {} });
    const send = (line: RebuildLine): void => void lines.push(`${JSON.stringify(line)}\n`);
    store
      .rebuild({ ...(body.tables && { tables: body.tables }), ...(from !== undefined && { from }), ...(to !== undefined && { to }) }, send)
      .then(
        () => send({ finished: true }),
        (error: unknown) => send({ error: (error as Error).message }),
      )
      .finally(() => {
        running = false;
        lines.push(null);
      });
    return reply.type('application/x-ndjson').send(lines);
  });
}

function toMillis(moment: number | string | undefined, timezone: string): number | undefined {
  if (typeof moment !== 'string') return moment;
  const day = parseStart('day', moment, timezone);
  if (!day.ok) throw badRequest(day.error);
  return day.value.from;
}
