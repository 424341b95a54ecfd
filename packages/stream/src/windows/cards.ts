import type { GpuSample, Millis } from '@vacancy/shared';
import { IDLE_TIME, idleTime } from './aggregates/idle-time.js';
import { occupiedIdle } from './aggregates/occupied-idle.js';
import { PercentCounts } from './aggregates/percent-counts.js';
import { CARDS, CARD_COVERAGE, CARD_FIGURES, CARD_FREE8G, CARD_USED10PCT, FREE8G, OCCUPIED_IDLE, USED10PCT, UTILIZATION_MEDIAN, WINDOW_FIGURES, cardFigures } from './figures.js';
import type { Memory } from './memory.js';
import { OCCUPIED_IDLE_COVERAGE, type WindowsSettings } from './stats.js';
import { INTERVAL_MS, UNKNOWN } from './row.js';
import { type Timeline } from './timeline.js';

// Of each card in one array: when it was last in a sample, when it was last not occupied but idle, and its idle time in each window.
const LAST_SEEN = 0;
const OTHERWISE = 1;
const IDLE_TIMES = 2;

/** The cards of one server, in the order of the timeline's columns. */
export class Cards {
  readonly #settings: WindowsSettings<string>;
  /** Numbers of a card. */
  readonly #width: number;
  #state: Float64Array = new Float64Array(0);
  /** A series for each card and each window in which it is kept. */
  readonly #utilization = new PercentCounts(0);

  constructor(settings: WindowsSettings<string>) {
    this.#settings = settings;
    this.#width = IDLE_TIMES + IDLE_TIME * settings.lengths.length;
  }

  /** Counts the cards of a row in (`sign` 1) or out (-1) of a window. */
  shift(rows: Timeline, slot: number, window: number, sign: 1 | -1): void {
    const { bytes } = rows;
    const state = this.#state;
    const ms = sign * rows.numbers[slot + INTERVAL_MS]!;
    let flags = rows.flags(slot);
    for (let at = this.#idleTime(0, window); at < state.length; at += this.#width) idleTime.shift(state, at, bytes[flags++]!, ms);
    const { utilization_places, utilization_num } = this.#settings;
    const place = utilization_places[window]!;
    if (place < 0) return;
    const from = rows.percents(slot);
    for (let column = 0; column < rows.cards.length; column++) {
      const percent = bytes[from + column]!;
      if (percent !== UNKNOWN) this.#utilization.shift(column * utilization_num + place, percent, sign);
    }
  }

  record(column: number, ts: Millis, gpu: GpuSample): void {
    const at = this.#width * column;
    if (ts > this.#state[at + LAST_SEEN]!) this.#state[at + LAST_SEEN] = ts;
    occupiedIdle.add(this.#state, at + OTHERWISE, ts, gpu);
  }

  /** Whether a sample after `start` knew the card. */
  isSeen(column: number, start: Millis): boolean {
    return this.#state[this.#width * column + LAST_SEEN]! > start;
  }

  anyUnseen(start: Millis): boolean {
    for (let at = LAST_SEEN; at < this.#state.length; at += this.#width) if (this.#state[at]! <= start) return true;
    return false;
  }

  /** Writes the figures of a window that begins after `start`: those of each card if they are wanted, and the means of the idle rates over all cards that it saw. */
  tell(window: number, start: Millis, to: Float64Array): void {
    const { lengths, card_places, utilization_places, utilization_num } = this.#settings;
    const state = this.#state;
    const [length, place, utilization] = [lengths[window]!, card_places[window]!, utilization_places[window]!];
    let [cards, free8g_sum, used10pct_sum] = [0, 0, 0];
    for (let column = 0, card = 0; card < state.length; column++, card += this.#width) {
      const at = this.#idleTime(column, window);
      const observed = idleTime.observed(state, at);
      const free8g = idleTime.free8g(state, at);
      const used10pct = idleTime.used10pct(state, at);
      if (observed > 0) {
        cards++;
        free8g_sum += free8g;
        used10pct_sum += used10pct;
      }
      if (place < 0) continue;
      const coverage = Math.min(1, observed / length);
      const of = cardFigures(this.#settings, column) + CARD_FIGURES * place;
      to[of + CARD_COVERAGE] = coverage;
      to[of + CARD_FREE8G] = free8g;
      to[of + CARD_USED10PCT] = used10pct;
      to[of + UTILIZATION_MEDIAN] = utilization < 0 ? NaN : this.#utilization.median(column * utilization_num + utilization);
      to[of + OCCUPIED_IDLE] = coverage >= OCCUPIED_IDLE_COVERAGE && occupiedIdle.since(state, card + OTHERWISE, start) ? 1 : 0;
    }
    const from = WINDOW_FIGURES * window;
    to[from + FREE8G] = free8g_sum / cards;
    to[from + USED10PCT] = used10pct_sum / cards;
    to[from + CARDS] = cards;
  }

  /** Goes on with these cards in this order, each named by its column until now; -1 begins an empty one. */
  arrange(columns: readonly number[], memory: Memory): void {
    const each = this.#settings.utilization_num;
    this.#utilization.arrange(columns.flatMap((was) => Array.from({ length: each }, (_, place) => (was < 0 ? -1 : was * each + place))), memory);
    const before = this.#state;
    this.#state = memory.float64(this.#width * columns.length);
    columns.forEach((was, now) => {
      const at = this.#width * now;
      if (was < 0) this.#state.fill(-Infinity, at + LAST_SEEN, at + IDLE_TIMES);
      else this.#state.set(before.subarray(this.#width * was, this.#width * (was + 1)), at);
    });
  }

  get bytes(): number {
    return this.#state.byteLength + this.#utilization.bytes;
  }

  #idleTime(column: number, window: number): number {
    return this.#width * column + IDLE_TIMES + IDLE_TIME * window;
  }
}
