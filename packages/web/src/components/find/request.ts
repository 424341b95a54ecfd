import { GIB, type FleetRow, type RecommendQuery } from '@vacancy/shared';

/** What is looked for, as the form and the page's address hold it. Sizes in GiB. */
export interface FindRequest {
  gpus: number;
  memory_gib: number;
  model: string;
  location: string;
  /** Least CPU headroom, percent; 0 asks for none. */
  cpu_free: number;
  /** Least free main memory; 0 asks for none. */
  ram_gib: number;
  order: 'plain' | 'steady';
  /** The cards may lie on several servers. */
  spread: boolean;
}

export const DEFAULT_REQUEST: FindRequest = { gpus: 1, memory_gib: 8, model: '', location: '', cpu_free: 0, ram_gib: 0, order: 'plain', spread: false };

type Query = Readonly<Record<string, unknown>>;
type Changes = Record<keyof FindRequest, string | undefined>;

const MAX_GPUS = 64;
const MAX_GIB = 65_536;

/** Anything in the address that makes no sense becomes the default. */
export function parseRequest(query: Query): FindRequest {
  return {
    gpus: whole(query['gpus'], 1, MAX_GPUS, DEFAULT_REQUEST.gpus),
    memory_gib: whole(query['memory_gib'], 0, MAX_GIB, DEFAULT_REQUEST.memory_gib),
    model: text(query['model']),
    location: text(query['location']),
    cpu_free: whole(query['cpu_free'], 0, 100, 0),
    ram_gib: whole(query['ram_gib'], 0, MAX_GIB, 0),
    order: query['order'] === 'steady' ? 'steady' : 'plain',
    spread: query['spread'] === 'true',
  };
}

/** The address of a request; what is as by default is left out. */
export const requestQuery = (request: FindRequest): Changes =>
  Object.fromEntries(
    (Object.keys(DEFAULT_REQUEST) as (keyof FindRequest)[]).map((key) => [key, request[key] === DEFAULT_REQUEST[key] ? undefined : String(request[key])]),
  ) as Changes;

/** @param limit how many servers are shown */
export function toApiQuery(request: FindRequest, by: string, limit: number): RecommendQuery {
  const { gpus, memory_gib, model, location, cpu_free, ram_gib, order, spread } = request;
  return {
    gpus, limit, order,
    memory: `${memory_gib}GiB`,
    ...(spread && gpus > 1 && { spread }),
    ...(model && { model }),
    ...(location && { location }),
    ...(cpu_free > 0 && { cpu_free }),
    ...(ram_gib > 0 && { memory_free: `${ram_gib}GiB` }),
    ...(by && { by }),
  };
}

/** Less than this changes no answer worth asking for again. */
const GRAIN = GIB / 4;

/**
 * What of the fleet an answer depends on: as long as it is the same, asking again would say the same. Ages and figures that
 * only colour the reasons are left out.
 */
export const relevance = (rows: readonly FleetRow[]): string =>
  rows
    .map((row) => `${row.server}${row.online ? '+' : '-'}${row.like_index}${row.gpus.map((gpu) => `${Math.round(gpu.memory_free / GRAIN)}${gpu.held?.id ?? ''}${gpu.occupied_idle ? 'i' : ''}${gpu.users.join()}`).join(';')}`)
    .join('|');

function whole(value: unknown, min: number, max: number, fallback: number): number {
  const number = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : NaN;
  return number >= min && number <= max ? number : fallback;
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 128) : '');
