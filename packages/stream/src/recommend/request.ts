import { err, ok, parseBytes, type RecommendQuery, type Result } from '@vacancy/shared';

/** What somebody wants: `gpus` cards on one server, each with `memory` bytes free. */
export interface CardRequest {
  /** 0 asks for a server without cards: only CPU and main memory count. */
  readonly gpus: number;
  /** Least free memory of each card, bytes. */
  readonly memory: number;
  readonly limit: number;
  /** The cards may lie on any number of servers; the fewest that can are answered, whatever the limit. */
  readonly spread: boolean;
  /** `plain`: most free memory first. `steady`: the cards that are likeliest to stay free first. */
  readonly order: 'plain' | 'steady';
  /** Part of the card model, any case. */
  readonly model?: string;
  /** Part of the location, any case. */
  readonly location?: string;
  readonly exclude: ReadonlySet<string>;
  /** Least CPU headroom over 5 minutes, percent. */
  readonly cpu_free?: number;
  /** Least free main memory, bytes. */
  readonly memory_free?: number;
}

/** The request behind `like_server`: the three servers with the most free memory on one card. */
export const LIKE_SERVER: CardRequest = { gpus: 1, memory: 0, limit: 3, spread: false, order: 'plain', exclude: new Set() };

/** Bytes a card must go on having free: what was asked for, or nearly all of what was shown to somebody who named no size. */
export const promisedBytes = (request: CardRequest, memory_free: number): number => (request.memory > 0 ? request.memory : Math.floor(0.9 * memory_free));

/** A query of the API as a request; the error is a sentence for its sender. */
export function toRequest(query: RecommendQuery): Result<CardRequest, string> {
  const memory = query.memory === undefined ? LIKE_SERVER.memory : sizeOf(query.memory);
  if (memory === null) return err('memory must be a size such as 8GiB, 20G or a number of bytes');
  const memory_free = query.memory_free === undefined ? undefined : sizeOf(query.memory_free);
  if (memory_free === null) return err('memory_free must be a size such as 32GiB, 64G or a number of bytes');
  return ok({
    gpus: query.gpus ?? LIKE_SERVER.gpus,
    memory,
    limit: query.limit ?? LIKE_SERVER.limit,
    spread: query.spread ?? LIKE_SERVER.spread,
    order: query.order ?? LIKE_SERVER.order,
    exclude: new Set(words(query.exclude)),
    ...(query.model?.trim() && { model: query.model.trim() }),
    ...(query.location?.trim() && { location: query.location.trim() }),
    ...(query.cpu_free !== undefined && { cpu_free: query.cpu_free }),
    ...(memory_free !== undefined && { memory_free }),
  });
}

const words = (list = ''): string[] => list.split(',').map((word) => word.trim()).filter(Boolean);

/** A size that a number holds exactly. */
export function sizeOf(text: string): number | null {
  const bytes = parseBytes(text);
  return bytes !== null && Number.isSafeInteger(bytes) ? bytes : null;
}
