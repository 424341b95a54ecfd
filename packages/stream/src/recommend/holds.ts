import { MINUTE, err, ok, type Hold, type HoldRequest, type LiveRow, type Result } from '@vacancy/shared';
import { problem, type Problem } from './problem.js';

/** A hold with what it needs to end itself. */
export interface KeptHold extends Hold {
  /** Cards on which the holder already had a process when the hold began: only a new one there would be news, and cannot be told apart. */
  readonly already_on: readonly number[];
}

export interface HoldLimits {
  /** Cards that one name may hold at a time. Names are not checked, so this stops accidents, not malice. */
  readonly cards_per_name: number;
  /** Holds in all. */
  readonly holds: number;
}
export const HOLD_LIMITS: HoldLimits = { cards_per_name: 16, holds: 1000 };
export const HOLD_MINUTES = 10;

/**
 * Soft holds as a list that never changes in place. A card has at most one; a hold ends when its time is up, when it is
 * released, or card by card as soon as a process of its holder appears there.
 */
export function place(holds: readonly KeptHold[], request: HoldRequest, id: string, row: LiveRow | undefined, now: number, limits = HOLD_LIMITS): Result<KeptHold, Problem> {
  const gpus = [...new Set(request.gpus)].sort((a, b) => a - b);
  const by = request.by.trim();
  if (by === '') return err(problem(400, 'name_missing', 'by must be a name'));
  const refused = unknownCards(request.server, gpus, row) ?? conflict(holds, request.server, gpus) ?? overLimit(holds, by, gpus.length, limits);
  if (refused) return err(refused);
  const already_on = gpus.filter((gpu) => isOn(row!, gpu, by));
  const minutes = Math.min(60, Math.max(1, request.minutes ?? HOLD_MINUTES));
  return ok({ id, server: request.server, gpus, by, created: now, until: now + minutes * MINUTE, already_on });
}

/** The holds that go on, after time has passed and processes have appeared. Returns the same list when nothing changed. */
export function settle(holds: readonly KeptHold[], rows: ReadonlyMap<string, LiveRow>, now: number): readonly KeptHold[] {
  const next = holds.filter((hold) => hold.until > now).map((hold) => withoutStarted(hold, rows.get(hold.server))).filter((hold) => hold.gpus.length > 0);
  return next.length === holds.length && next.every((hold, at) => hold === holds[at]) ? holds : next;
}

export const holderOf = (holds: readonly KeptHold[], server: string, gpu: number): KeptHold | undefined =>
  holds.find((hold) => hold.server === server && hold.gpus.includes(gpu));

export function byServer(holds: readonly KeptHold[]): Map<string, KeptHold[]> {
  const map = new Map<string, KeptHold[]>();
  for (const hold of holds) map.set(hold.server, [...(map.get(hold.server) ?? []), hold]);
  return map;
}

export const toHold = ({ already_on: _, ...hold }: KeptHold): Hold => hold;

function withoutStarted(hold: KeptHold, row: LiveRow | undefined): KeptHold {
  if (!row) return hold;
  const gpus = hold.gpus.filter((gpu) => hold.already_on.includes(gpu) || !isOn(row, gpu, hold.by));
  return gpus.length === hold.gpus.length ? hold : { ...hold, gpus };
}

function isOn(row: LiveRow, gpu: number, by: string): boolean {
  const users = row.gpus.find((card) => card.id === gpu)?.users ?? [];
  return users.some((user) => sameName(user, by));
}

export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function unknownCards(server: string, gpus: readonly number[], row: LiveRow | undefined): Problem | null {
  if (!row) return problem(404, 'unknown_server', `there is no server ${server}`);
  if (!row.online) return problem(409, 'offline', `${server} is offline`);
  const missing = gpus.filter((gpu) => !row.gpus.some((card) => card.id === gpu));
  return missing.length > 0 ? problem(404, 'unknown_card', `${server} has no card ${missing.join(', ')}`) : null;
}

function conflict(holds: readonly KeptHold[], server: string, gpus: readonly number[]): Problem | null {
  for (const gpu of gpus) {
    const hold = holderOf(holds, server, gpu);
    if (hold) return problem(409, 'held', `card ${gpu} of ${server} is held by ${hold.by} until ${new Date(hold.until).toISOString()}`);
  }
  return null;
}

function overLimit(holds: readonly KeptHold[], by: string, more: number, limits: HoldLimits): Problem | null {
  const cards = holds.filter((hold) => sameName(hold.by, by)).reduce((sum, hold) => sum + hold.gpus.length, 0);
  if (cards + more > limits.cards_per_name) return problem(429, 'too_many_holds', `${by} holds ${cards} cards already; ${limits.cards_per_name} are allowed`);
  return holds.length >= limits.holds ? problem(429, 'too_many_holds', 'too many cards are held') : null;
}
