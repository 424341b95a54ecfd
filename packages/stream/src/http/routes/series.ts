import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { HOUR, SeriesQuerySchema, isServerId, systemClock, type Clock, type Series, type SeriesQuery } from '@vacancy/shared';
import { fleetSeries } from '../../store/queries/fleet.js';
import { serverSeries } from '../../store/queries/series.js';
import type { Store } from '../../store/store.js';
import { badRequest, notFound, unavailable } from '../errors.js';

export interface SeriesRoutes {
  readonly store: Store;
  /** Whether a server of this id has been heard of. */
  readonly isKnown: (server: string) => boolean;
}

const MAX_FIELDS = 300;
const COLUMNS = Type.Record(Type.String(), Type.Array(Type.Union([Type.Number(), Type.Null()])));

/** Figures over time: of one server and its cards, and of the whole fleet. */
export function seriesRoutes(app: FastifyInstance, { store: { db, settings }, isKnown }: SeriesRoutes, clock: Clock = systemClock): void {
  const typed = app.withTypeProvider<TypeBoxTypeProvider>();
  const tags = ['history'];
  typed.get(
    '/servers/:id/series',
    {
      schema: {
        tags, summary: "A server's figures over time, as columns; null where there is no data",
        params: Type.Object({ id: Type.String() }), querystring: SeriesQuerySchema, response: { 200: COLUMNS },
      },
    },
    ({ params: { id }, query }) => {
      if (!isServerId(id) || !isKnown(id)) throw notFound(`No server ${id.slice(0, 63)} is known.`);
      const range = rangeOf(query, clock);
      return answer(serverSeries(db, settings, { server: id, ...range, fields: fieldsOf(query, 'cpu,memory_used') }, clock));
    },
  );
  typed.get(
    '/series',
    { schema: { tags, summary: "The fleet's figures over time, as columns", querystring: SeriesQuerySchema, response: { 200: COLUMNS } } },
    ({ query }) => answer(fleetSeries(db, settings, { ...rangeOf(query, clock), fields: fieldsOf(query, 'cpu,idle_rate_free8g') }, clock)),
  );
}

function rangeOf({ from, to, step }: SeriesQuery, clock: Clock): { from: number; to: number; step: number | undefined } {
  const end = to ?? clock.now();
  const start = from ?? end - HOUR;
  if (start >= end) throw badRequest('from must lie before to.');
  return { from: start, to: end, step };
}

function fieldsOf({ fields }: SeriesQuery, fallback: string): string[] {
  const named = [...new Set((fields ?? fallback).split(',').map((field) => field.trim()).filter(Boolean))];
  if (named.length === 0 || named.length > MAX_FIELDS) throw badRequest(`fields must name 1 to ${MAX_FIELDS} series.`);
  return named;
}

async function answer(series: Promise<Series>): Promise<Series> {
  try {
    return await series;
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(error.message);
    throw unavailable('The database does not answer; live figures are not affected.', error);
  }
}
