import { randomUUID } from 'node:crypto';
import { HOUR, MINUTE, SECOND, err, ok, systemClock, type Candidate, type Clock, type Hits, type Hold, type HoldRequest, type LiveGpu, type LiveRow, type Recommendation, type RecommendQuery, type Result, type Wish, type WishRequest } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Deliver } from './deliver.js';
import { HOLD_LIMITS, byServer, holderOf, place, settle, toHold, type HoldLimits, type KeptHold } from './holds.js';
import type { Keeper } from '../keeper.js';
import { RecommendationLog, type LogStatus } from './log.js';
import { totalHits, type RecommendationStore } from './log-store.js';
import { problem, type Problem } from './problem.js';
import { likeServer, rank, recommend, toCandidate, type Held, type RankContext } from './rank.js';
import { toRequest } from './request.js';
import { SteadyCards } from './steady-cards.js';
import type { Steadiness } from './steadiness.js';
import { everyCard, expire, grant, kindOf, makeWish, requestOf, toWish, type KeptWish, type WishLimits } from './wishes.js';

export interface RecommenderOptions {
  /** The live table. */
  readonly rows: () => readonly LiveRow[];
  readonly log: Log;
  readonly store: RecommendationStore;
  readonly deliver: Deliver;
  readonly holdKeeper: Keeper<KeptHold[]>;
  readonly wishKeeper: Keeper<KeptWish[]>;
  readonly steadiness: Steadiness;
  readonly holdLimits?: HoldLimits;
  readonly wishLimits?: WishLimits;
  /** Webhooks may lead into private networks. */
  readonly allowPrivate?: boolean;
  /** A mail server is configured. */
  readonly canMail?: boolean;
  /** A wish comes true when its cards have been free for so long without a break. */
  readonly steady_ms?: number;
  readonly newId?: () => string;
}

export interface Recommender extends AsyncDisposable {
  answer(query: RecommendQuery): Result<Recommendation, Problem>;
  /** The three servers of the home page; not logged, as nobody asked. */
  likeServer(): Candidate[];
  /** Who holds a card; what the live table shows as `held`. */
  held(server: string, gpu: number): Held | null;
  holds(): Hold[];
  hold(request: HoldRequest): Promise<Result<Hold, Problem>>;
  release(id: string): Promise<Result<Hold, Problem>>;
  wishes(): Wish[];
  wish(request: WishRequest): Promise<Result<Wish, Problem>>;
  cancelWish(id: string): Promise<Result<Wish, Problem>>;
  /** Hits by hour from `from` to `to`, Unix ms. Rejects when the database does not answer. */
  hits(from: number, to: number): Promise<Hits>;
  status(): LogStatus & { readonly holds: number; readonly wishes: number };
  /** Lets time pass: holds end, wishes come true, recommendations are judged. Runs by itself once a second. */
  tick(): void;
}

/** Who is told of a card has so long to take it before the next one who waits is told of it, too. */
const HEAD_START_MS = 2 * MINUTE;
/** A card that a wish may not be granted yet counts as held for it. */
const NOT_YET: Held = { id: '', by: '', until: 0 };
const cardKey = (server: string, card: LiveGpu): string => `${server}/${card.id}`;

/** Waits before somebody who could not be reached is told again. */
const TELL_AGAIN_MS = [10 * SECOND, MINUTE, 5 * MINUTE];
const isRetryable = (error: unknown): boolean => error instanceof Error && 'retryable' in error && error.retryable === true;

const SAME_QUESTION_MS = MINUTE;
const MAX_ASKED = 1_000;

/** Reads what was held and wished before the restart, then ticks once a second until it is disposed. */
export async function createRecommender(options: RecommenderOptions, clock: Clock = systemClock): Promise<Recommender> {
  const recommender = new Running(options, clock, (await options.holdKeeper.load()) ?? [], (await options.wishKeeper.load()) ?? []);
  recommender.start();
  return recommender;
}

const STOP_WITHIN_MS = 5 * SECOND;

class Running implements Recommender {
  readonly #options: RecommenderOptions;
  readonly #clock: Clock;
  readonly #answers: RecommendationLog;
  readonly #context: RankContext;
  readonly #newId: () => string;
  /** What waiting wishes look at, by what they ask of a card. */
  readonly #watched = new Map<string, SteadyCards>();
  /** Until when a card that somebody was told of is not told to others, by server and card. */
  readonly #told = new Map<string, number>();
  /** The latest questions, oldest first. */
  readonly #asked = new Map<string, { first: string | undefined; ts: number }>();
  readonly #deliveries = new Set<Promise<void>>();
  #holds: readonly KeptHold[];
  /** The same by server: an answer asks about thousands of cards. */
  #holdsOf: ReadonlyMap<string, readonly KeptHold[]>;
  #wishes: readonly KeptWish[];
  readonly #stopping = new AbortController();
  #stop = (): void => {};

  constructor(options: RecommenderOptions, clock: Clock, holds: readonly KeptHold[], wishes: readonly KeptWish[]) {
    this.#options = options;
    this.#clock = clock;
    this.#holds = holds;
    this.#holdsOf = byServer(holds);
    this.#wishes = wishes;
    this.#newId = options.newId ?? randomUUID;
    this.#answers = new RecommendationLog(options, clock.now());
    this.#context = {
      held: (server, card) => this.held(server, card.id),
      steadiness: (server, card, promised) => options.steadiness.of(server, card, promised),
    };
  }

  start(): void {
    this.#stop = this.#clock.setTimer(SECOND, () => {
      this.start();
      this.tick();
    });
  }

  answer(query: RecommendQuery): Result<Recommendation, Problem> {
    const request = toRequest(query);
    if (!request.ok) return err(problem(400, 'bad_request', request.error));
    const rows = this.#options.rows();
    const answer = recommend(rows, request.value, this.#clock.now(), this.#context);
    const first = answer.servers[0]?.server;
    if (!query.refresh && this.#isNews(query, first, answer.ts)) {
      this.#answers.answered(randomUUID(), request.value, query.by?.trim() ?? '', answer, rows.find((row) => row.server === first));
    }
    return ok(answer);
  }

  /** A page that asks the same every second has asked once, until the answer is another or a minute has passed: else it would outvote everybody in the hit rate. */
  #isNews(query: RecommendQuery, first: string | undefined, now: number): boolean {
    const key = JSON.stringify(Object.entries(query).sort());
    const before = this.#asked.get(key);
    if (before && before.first === first && now - before.ts < SAME_QUESTION_MS) return false;
    this.#asked.delete(key);
    this.#asked.set(key, { first, ts: now });
    if (this.#asked.size > MAX_ASKED) this.#asked.delete(this.#asked.keys().next().value!);
    return true;
  }

  likeServer(): Candidate[] {
    return likeServer(this.#options.rows(), this.#clock.now(), this.#context);
  }

  held(server: string, gpu: number): Held | null {
    const hold = holderOf(this.#holdsOf.get(server) ?? [], server, gpu);
    return hold && hold.until > this.#clock.now() ? { id: hold.id, by: hold.by, until: hold.until } : null;
  }

  holds(): Hold[] {
    return this.#holds.filter((hold) => hold.until > this.#clock.now()).map(toHold);
  }

  async hold(request: HoldRequest): Promise<Result<Hold, Problem>> {
    const now = this.#clock.now();
    const row = this.#options.rows().find((one) => one.server === request.server);
    const others = this.#holds.filter((hold) => hold.until > now);
    const placed = place(others, request, this.#newId(), row, now, this.#options.holdLimits ?? HOLD_LIMITS);
    if (!placed.ok) return placed;
    await this.#setHolds([...others, placed.value]);
    return ok(toHold(placed.value));
  }

  async release(id: string): Promise<Result<Hold, Problem>> {
    const hold = this.#holds.find((one) => one.id === id);
    if (!hold) return err(problem(404, 'not_found', 'there is no such hold; it may have ended'));
    await this.#setHolds(this.#holds.filter((one) => one !== hold));
    return ok(toHold(hold));
  }

  wishes(): Wish[] {
    return this.#wishes.map(toWish);
  }

  async wish(request: WishRequest): Promise<Result<Wish, Problem>> {
    const { allowPrivate, canMail, wishLimits } = this.#options;
    const made = makeWish(this.#wishes, request, this.#newId(), this.#clock.now(), { allowPrivate, canMail, limits: wishLimits });
    if (!made.ok) return made;
    await this.#setWishes([...this.#wishes, made.value]);
    return ok(toWish(made.value));
  }

  async cancelWish(id: string): Promise<Result<Wish, Problem>> {
    const wish = this.#wishes.find((one) => one.id === id);
    if (!wish) return err(problem(404, 'not_found', 'there is no such wish'));
    await this.#setWishes(this.#wishes.filter((one) => one !== wish));
    return ok(toWish(wish));
  }

  async hits(from: number, to: number): Promise<Hits> {
    // The hour that `from` lies in counts whole: the view knows hours, not moments.
    const hours = await this.#options.store.hits(Math.floor(from / HOUR) * HOUR, to);
    return { from, to, hours, total: totalHits(hours) };
  }

  status(): LogStatus & { holds: number; wishes: number } {
    return { ...this.#answers.status(), holds: this.holds().length, wishes: this.#wishes.filter((wish) => wish.state === 'waiting').length };
  }

  tick(): void {
    const now = this.#clock.now();
    const rows = this.#options.rows();
    const byId = new Map(rows.map((row) => [row.server, row]));
    this.#options.steadiness.observe(rows, now);
    const holds = settle(this.#holds, byId, now);
    if (holds !== this.#holds) void this.#setHolds(holds);
    this.#grantWishes(rows, now);
    this.#answers.tick(byId, now);
  }

  #grantWishes(rows: readonly LiveRow[], now: number): void {
    const wishes = expire(this.#wishes, now, this.#options.wishLimits);
    if (wishes !== this.#wishes) void this.#setWishes(wishes);
    const waiting = wishes.filter((wish) => wish.state === 'waiting');
    for (const [card, until] of this.#told) if (until <= now) this.#told.delete(card);
    this.#watch(waiting, rows, now);
    for (const wish of waiting) this.#tryGrant(wish, rows, now);
  }

  #watch(waiting: readonly KeptWish[], rows: readonly LiveRow[], now: number): void {
    const kinds = new Map(waiting.map((wish) => [kindOf(wish), wish]));
    for (const kind of this.#watched.keys()) if (!kinds.has(kind)) this.#watched.delete(kind);
    for (const [kind, wish] of kinds) {
      const cards = this.#watched.get(kind) ?? new SteadyCards(this.#options.steady_ms ?? 30 * SECOND);
      this.#watched.set(kind, cards);
      cards.see(rank(rows, everyCard(wish), now, this.#context), now);
    }
  }

  #tryGrant(wish: KeptWish, rows: readonly LiveRow[], now: number): void {
    const cards = this.#watched.get(kindOf(wish))!;
    if (cards.most < wish.gpus) return;
    const ready = (server: string, card: LiveGpu): boolean => cards.has(server, card, now) && !this.#told.has(cardKey(server, card));
    const context: RankContext = { ...this.#context, held: (server, card) => (ready(server, card) ? this.#context.held(server, card) : NOT_YET) };
    const request = requestOf(wish);
    const [fit] = rank(rows, request, now, context);
    if (!fit) return;
    const granted = grant(wish, toCandidate(fit, request, now, this.#context), now);
    for (const card of fit.chosen) this.#told.set(cardKey(fit.row.server, card), now + HEAD_START_MS);
    if (wish.hold_minutes !== null) {
      void this.hold({ server: fit.row.server, gpus: fit.chosen.map((card) => card.id), by: wish.by, minutes: wish.hold_minutes });
    }
    const task: Promise<void> = this.#announce(granted).finally(() => this.#deliveries.delete(task));
    this.#deliveries.add(task);
  }

  /** Saved as granted before it is told: a crash in between loses one message (the list still shows it), and none is sent twice. */
  async #announce(wish: KeptWish): Promise<void> {
    await this.#replaceWish(wish);
    await this.#replaceWish({ ...wish, delivery: (await this.#tell(wish)) ? 'sent' : 'failed' });
  }

  /** Tried again only where it is certain that nobody has been told: once means once. */
  async #tell(wish: KeptWish, waits: readonly number[] = TELL_AGAIN_MS): Promise<boolean> {
    try {
      await this.#options.deliver(wish.target, toWish(wish));
      return true;
    } catch (error) {
      const [wait, ...rest] = waits;
      const again = wait !== undefined && isRetryable(error) && (await this.#pause(wait));
      if (again) return this.#tell(wish, rest);
      this.#options.log.warn({ err: error, wish: wish.id, kind: wish.target.kind }, 'a wish came true and could not be told');
      return false;
    }
  }

  /** @returns whether the time has passed; a service that stops waits for nothing. */
  #pause(ms: number): Promise<boolean> {
    if (this.#stopping.signal.aborted) return Promise.resolve(false);
    return new Promise((done) => {
      const cancel = this.#clock.setTimer(ms, () => done(true));
      this.#stopping.signal.addEventListener('abort', () => (cancel(), done(false)), { once: true });
    });
  }

  #replaceWish(wish: KeptWish): Promise<void> {
    return this.#setWishes(this.#wishes.map((one) => (one.id === wish.id ? wish : one)));
  }

  async #setHolds(holds: readonly KeptHold[]): Promise<void> {
    this.#holds = holds;
    this.#holdsOf = byServer(holds);
    await this.#options.holdKeeper.save([...holds]).catch((error: unknown) => this.#options.log.error({ err: error }, 'holds cannot be saved'));
  }

  async #setWishes(wishes: readonly KeptWish[]): Promise<void> {
    this.#wishes = wishes;
    await this.#options.wishKeeper.save([...wishes]).catch((error: unknown) => this.#options.log.error({ err: error }, 'wishes cannot be saved'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    this.#stopping.abort();
    const last = Promise.allSettled([...this.#deliveries, this.#answers.flush(), this.#options.steadiness.save()]);
    // A database that hangs must not keep the service from stopping.
    let cancel = (): void => {};
    await Promise.race([last, new Promise<void>((done) => (cancel = this.#clock.setTimer(STOP_WITHIN_MS, done)))]);
    cancel();
  }
}
