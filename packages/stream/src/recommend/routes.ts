import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { DAY, HitsQuerySchema, HitsSchema, HoldRequestSchema, HoldSchema, RecommendQuerySchema, RecommendationSchema, WishRequestSchema, WishSchema, systemClock, type Clock, type Result } from '@vacancy/shared';
import { HttpError, badRequest, unavailable } from '../http/errors.js';
import type { Problem } from './problem.js';
import type { Recommender } from './recommender.js';

const ById = Type.Object({ id: Type.String({ maxLength: 64 }) });
const MAX_HITS_SPAN_MS = 400 * DAY;

/** `GET /recommend`, `/recommend/hits`, and the lists of holds and wishes with their `POST` and `DELETE`. */
export function recommendRoutes(app: FastifyInstance, recommender: Recommender, clock: Clock = systemClock): void {
  const typed = app.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['recommend'];

  typed.get(
    '/recommend',
    { schema: { tags, summary: 'Which cards to use now, and of every other server why not', querystring: RecommendQuerySchema, response: { 200: RecommendationSchema } } },
    ({ query }) => take(recommender.answer(query)),
  );
  typed.get(
    '/recommend/hits',
    { schema: { tags, summary: 'What became of recommendations ten minutes later, by hour', querystring: HitsQuerySchema, response: { 200: HitsSchema } } },
    async ({ query }) => {
      const to = query.to ?? clock.now();
      const from = query.from ?? to - 7 * DAY;
      if (from >= to || to - from > MAX_HITS_SPAN_MS) throw badRequest('from must lie before to, by at most 400 days.');
      return recommender.hits(from, to).catch((cause: unknown) => Promise.reject(unavailable('The database does not answer; live figures are not affected.', cause)));
    },
  );

  typed.get('/holds', { schema: { tags, summary: 'Cards that are held', response: { 200: Type.Object({ holds: Type.Array(HoldSchema) }) } } }, () => ({ holds: recommender.holds() }));
  typed.post('/holds', { schema: { tags, summary: 'Hold cards for some minutes', body: HoldRequestSchema, response: { 201: HoldSchema } } }, async ({ body }, reply) =>
    reply.status(201).send(take(await recommender.hold(body))),
  );
  typed.delete('/holds/:id', { schema: { tags, summary: 'End a hold', params: ById, response: { 200: HoldSchema } } }, async ({ params }) => take(await recommender.release(params.id)));

  typed.get('/wishes', { schema: { tags, summary: 'Who waits for cards', response: { 200: Type.Object({ wishes: Type.Array(WishSchema) }) } } }, () => ({ wishes: recommender.wishes() }));
  typed.post('/wishes', { schema: { tags, summary: 'Be told when cards are free', body: WishRequestSchema, response: { 201: WishSchema } } }, async ({ body }, reply) =>
    reply.status(201).send(take(await recommender.wish(body))),
  );
  typed.delete('/wishes/:id', { schema: { tags, summary: 'Take a wish back', params: ById, response: { 200: WishSchema } } }, async ({ params }) => take(await recommender.cancelWish(params.id)));
}

function take<T>(result: Result<T, Problem>): T {
  if (result.ok) return result.value;
  throw new HttpError(result.error.status, result.error.code, result.error.message);
}
