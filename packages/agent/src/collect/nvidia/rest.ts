import type { Millis } from '@vacancy/shared/plain';

/** What the kernel says of a card's power, read from sysfs without touching the card. */
export interface CardPower {
  /** The kernel may put it to sleep (`power/control` is `auto`). */
  readonly sleeps: boolean;
  /** It sleeps now (`power/runtime_status` is `suspended`). */
  readonly asleep: boolean;
}

export type RestState =
  | { readonly mode: 'watch'; readonly idle_since: Millis | null }
  | { readonly mode: 'rest'; readonly since: Millis; readonly slept: boolean };

export const WATCHING: RestState = { mode: 'watch', idle_since: null };

const IDLE_BEFORE_REST_MS = 30_000;
const REST_MS = 60_000;

/**
 * Whether to go on watching the cards. An open `nvidia-smi` keeps a card awake that would otherwise sleep (laptops and desktops with
 * runtime power management; server cards never do), so where a card can sleep and all are idle, the tool is stopped. It comes
 * back as soon as a card that slept is woken by someone, or after a minute in which none fell asleep. A sleeping
 * card is never woken, an idle one kept up at most half of the time.
 */
export function rest(state: RestState, cards: readonly CardPower[], idle: boolean, now: Millis): RestState {
  if (!cards.some((card) => card.sleeps)) return WATCHING;
  if (state.mode === 'watch') {
    const idle_since = idle ? (state.idle_since ?? now) : null;
    const tired = idle_since !== null && now - idle_since >= IDLE_BEFORE_REST_MS;
    return tired ? { mode: 'rest', since: now, slept: false } : { mode: 'watch', idle_since };
  }
  const asleep = cards.filter((card) => card.sleeps).every((card) => card.asleep);
  if (asleep) return state.slept ? state : { ...state, slept: true };
  return state.slept || now - state.since >= REST_MS ? WATCHING : state;
}
