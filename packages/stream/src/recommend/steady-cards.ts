import type { LiveGpu } from '@vacancy/shared';
import type { Fit } from './fit.js';

interface Watched {
  /** Since when it has been good enough without a break. */
  readonly since: number;
  readonly users: string;
}

/** By server and card. */
type Cards = ReadonlyMap<string, ReadonlyMap<number, Watched>>;

/**
 * Cards that have been good enough for a while without a break: one reading between two jobs is not enough. Each card is watched by itself, or a
 * server whose cards come and go in turn would look as if one were free; and anew when somebody comes or goes, because a job that has just started
 * has not taken its memory yet.
 */
export class SteadyCards {
  readonly #steady_ms: number;
  #cards: Cards = new Map();
  #most = 0;

  constructor(steady_ms: number) {
    this.#steady_ms = steady_ms;
  }

  /** What is good enough now; a card that is not named had its break. */
  see(fits: readonly Fit[], now: number): void {
    const before = this.#cards;
    const watched = (server: string, card: LiveGpu): Watched => {
      const users = card.users.join();
      const known = before.get(server)?.get(card.id);
      return known?.users === users ? known : { since: now, users };
    };
    this.#cards = new Map(fits.map(({ row: { server }, chosen }) => [server, new Map(chosen.map((card) => [card.id, watched(server, card)]))]));
    this.#most = fits.reduce((most, { row: { server }, chosen }) => Math.max(most, chosen.filter((card) => this.has(server, card, now)).length), 0);
  }

  /** The most of them on one server. */
  get most(): number {
    return this.#most;
  }

  has(server: string, card: Pick<LiveGpu, 'id'>, now: number): boolean {
    const watched = this.#cards.get(server)?.get(card.id);
    return watched !== undefined && now - watched.since >= this.#steady_ms;
  }
}
