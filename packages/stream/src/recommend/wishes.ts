import { HOUR, MAX_GPUS, err, ok, type Candidate, type Result, type Wish, type WishRequest } from '@vacancy/shared';
import { sameName } from './holds.js';
import { problem, type Problem } from './problem.js';
import { sizeOf, type CardRequest } from './request.js';
import { parseTarget, type Target } from '../deliver/targets.js';

/** A wish with the address to tell; only {@link toWish} of it leaves the service. */
export interface KeptWish extends Omit<Wish, 'notify'> {
  readonly target: Target;
  readonly hold_minutes: number | null;
}

export interface WishLimits {
  readonly per_name: number;
  readonly wishes: number;
  /** Ended wishes stay in the list for so long. */
  readonly remember_ms: number;
}
export const WISH_LIMITS: WishLimits = { per_name: 10, wishes: 200, remember_ms: 24 * HOUR };

const NO_MAIL = 'this service has no mail server, so it cannot write to you: name a webhook, or look at the page';

export interface WishOptions {
  readonly allowPrivate?: boolean | undefined;
  readonly canMail?: boolean | undefined;
  readonly limits?: WishLimits | undefined;
}

export function makeWish(wishes: readonly KeptWish[], request: WishRequest, id: string, now: number, options: WishOptions = {}): Result<KeptWish, Problem> {
  const { allowPrivate = false, canMail = false, limits = WISH_LIMITS } = options;
  const memory = sizeOf(request.memory);
  const by = request.by.trim();
  if (memory === null) return err(problem(400, 'bad_memory', 'memory must be a size such as 8GiB, 20G or a number of bytes'));
  if (by === '') return err(problem(400, 'name_missing', 'by must be a name'));
  const target = parseTarget(request.notify ?? 'page', allowPrivate);
  if (!target.ok) return err(problem(400, 'bad_target', target.error));
  if (target.value.kind === 'mail' && !canMail) return err(problem(400, 'no_mail_server', NO_MAIL));
  const waiting = wishes.filter((wish) => wish.state === 'waiting');
  if (waiting.filter((wish) => sameName(wish.by, by)).length >= limits.per_name) return err(problem(429, 'too_many_wishes', `${by} waits for ${limits.per_name} cards already`));
  if (waiting.length >= limits.wishes) return err(problem(429, 'too_many_wishes', 'too many wishes are waiting'));
  return ok({
    id, gpus: request.gpus, memory, model: request.model?.trim() || null, by, target: target.value, hold_minutes: request.hold_minutes ?? null,
    created: now, until: now + (request.hours ?? 24) * HOUR, state: 'waiting', granted: null, delivery: null,
  });
}

export const requestOf = (wish: KeptWish): CardRequest => ({ ...everyCard(wish), gpus: wish.gpus, spread: false });

/** All cards on any server that would do for a wish. */
export const everyCard = (wish: KeptWish): CardRequest => ({
  gpus: MAX_GPUS, spread: true, memory: wish.memory, limit: 1, order: 'plain', exclude: new Set(), ...(wish.model !== null && { model: wish.model }),
});

/** Wishes that ask the same of a card are watched together. */
export const kindOf = (wish: KeptWish): string => JSON.stringify([wish.memory, wish.model]);

export const toWish = ({ target, hold_minutes: _, ...wish }: KeptWish): Wish => ({ ...wish, notify: target.kind });

export const grant = (wish: KeptWish, { server, name, cuda_visible_devices }: Candidate, now: number): KeptWish => ({
  ...wish, state: 'granted', delivery: 'pending', granted: { ts: now, server, name, cuda_visible_devices },
});

/** Gives up what waited too long and forgets what ended long ago. Returns the same list when nothing changed. */
export function expire(wishes: readonly KeptWish[], now: number, limits = WISH_LIMITS): readonly KeptWish[] {
  const next = wishes
    .filter((wish) => wish.state === 'waiting' || now - (wish.granted?.ts ?? wish.until) < limits.remember_ms)
    .map((wish) => (wish.state === 'waiting' && wish.until <= now ? { ...wish, state: 'expired' as const } : wish));
  return next.length === wishes.length && next.every((wish, at) => wish === wishes[at]) ? wishes : next;
}

