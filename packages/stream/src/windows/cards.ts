import type { GpuSample, Millis } from '@vacancy/shared';
import { IdleTime, type MeanIdleRate } from './aggregates/idle-time.js';
import { OccupiedIdle } from './aggregates/occupied-idle.js';
import { PercentCounts } from './aggregates/percent-counts.js';
import { OCCUPIED_IDLE_COVERAGE, byLabel, type CardStats, type CardWindows, type WindowsSettings } from './stats.js';
import { INTERVAL_MS, UNKNOWN } from './row.js';
import { type Timeline } from './timeline.js';

/** The figures of a card over a window, as numbers side by side: whether they changed is seen here, the objects made of them lie all over the memory. */
const FIGURES = 5;
/** In the place of a figure that is not known. */
const UNSEEN = -1;
const known = (figure: number): number | null => (figure === UNSEEN ? null : figure);

/** The cards of one server, in the order of the timeline's columns. */
export class Cards<CardLabel extends string> {
  readonly #settings: WindowsSettings<string, CardLabel>;
  readonly #idle: IdleTime;
  /** A series for each card and each window in which it is kept. */
  readonly #utilization = new PercentCounts(0);
  readonly #occupied_idle = new OccupiedIdle();
  /** When each card was last in a sample. */
  #last_seen = new Float64Array(0);
  /** As they were last asked: all cards, each card, each of its windows, and the numbers in those. */
  #read: ReadonlyMap<number, CardWindows<CardLabel>> = new Map();
  #cards: CardWindows<CardLabel>[] = [];
  #stats: CardStats[] = [];
  #numbers = new Float64Array(0);

  constructor(settings: WindowsSettings<string, CardLabel>) {
    this.#settings = settings;
    this.#idle = new IdleTime(settings.lengths.length);
  }

  /** Counts the cards of a row in (`sign` 1) or out (-1) of a window. */
  shift(rows: Timeline, slot: number, window: number, sign: 1 | -1): void {
    const { utilization_windows } = this.#settings;
    this.#idle.shift(window, rows.bytes, rows.flags(slot), sign * rows.numbers[slot + INTERVAL_MS]!);
    const place = utilization_windows.indexOf(window);
    if (place < 0) return;
    const from = rows.percents(slot);
    for (let column = 0; column < rows.cards.length; column++) {
      const percent = rows.bytes[from + column]!;
      if (percent !== UNKNOWN) this.#utilization.shift(column * utilization_windows.length + place, percent, sign);
    }
  }

  record(column: number, ts: Millis, gpu: GpuSample): void {
    if (ts > this.#last_seen[column]!) this.#last_seen[column] = ts;
    this.#occupied_idle.add(column, ts, gpu);
  }

  addIdleRates(window: number, mean: MeanIdleRate): void {
    for (let column = 0; column < this.#last_seen.length; column++) mean.add(this.#idle, window, column);
  }

  /** Whether a sample after `start` knew the card. */
  isSeen(column: number, start: Millis): boolean {
    return this.#last_seen[column]! > start;
  }

  anyUnseen(start: Millis): boolean {
    for (let column = 0; column < this.#last_seen.length; column++) if (!this.isSeen(column, start)) return true;
    return false;
  }

  /** The figures of all cards by id. What did not change since they were last asked is the same object: what nobody makes nobody collects. */
  read(ids: readonly number[], starts: Float64Array): ReadonlyMap<number, CardWindows<CardLabel>> {
    const now = new Map<number, CardWindows<CardLabel>>();
    let same = true;
    for (let column = 0; column < ids.length; column++) {
      const was = this.#cards[column];
      const card = this.#readCard(column, starts, was);
      same &&= card === was;
      now.set(ids[column]!, (this.#cards[column] = card));
    }
    return same && now.size === this.#read.size ? this.#read : (this.#read = now);
  }

  /** Goes on with these cards in this order, each named by its column until now; -1 begins an empty one. */
  arrange(columns: readonly number[]): void {
    const each = this.#settings.utilization_windows.length;
    this.#idle.arrange(columns);
    this.#utilization.arrange(columns.flatMap((was) => Array.from({ length: each }, (_, place) => (was < 0 ? -1 : was * each + place))));
    this.#stats = [];
    this.#cards = [];
    this.#numbers = new Float64Array(FIGURES * columns.length * this.#settings.card_windows.length).fill(NaN);
    this.#occupied_idle.arrange(columns);
    this.#last_seen = Float64Array.from(columns, (was) => this.#last_seen[was] ?? -Infinity);
  }

  get bytes(): number {
    return this.#idle.bytes + this.#utilization.bytes;
  }

  #readCard(column: number, starts: Float64Array, was: CardWindows<CardLabel> | undefined): CardWindows<CardLabel> {
    const { card_labels, card_windows, no_card } = this.#settings;
    let same = was !== undefined;
    for (let place = 0; place < card_windows.length; place++) {
      same = this.#isAsBefore(column, place, starts[card_windows[place]!]!) && same;
    }
    if (same) return was!;
    return byLabel(card_labels, (place) => this.#stats[column * card_windows.length + place]!, no_card);
  }

  /** Whether a card's figures over a window are those that were last asked; else they are made anew. */
  #isAsBefore(column: number, place: number, start: Millis): boolean {
    const { lengths, card_windows } = this.#settings;
    const window = card_windows[place]!;
    const observed = this.#idle.observed(window, column);
    const coverage = Math.min(1, observed / lengths[window]!);
    const free8g = observed > 0 ? this.#idle.free8g(window, column) : UNSEEN;
    const used10pct = observed > 0 ? this.#idle.used10pct(window, column) : UNSEEN;
    const utilization_median = this.#utilizationMedian(column, window) ?? UNSEEN;
    const occupied_idle = coverage >= OCCUPIED_IDLE_COVERAGE && this.#occupied_idle.since(column, start);
    const at = FIGURES * (column * card_windows.length + place);
    const was = this.#numbers;
    if (was[at] === coverage && was[at + 1] === free8g && was[at + 2] === used10pct && was[at + 3] === utilization_median && was[at + 4] === Number(occupied_idle)) return true;
    was[at] = coverage;
    was[at + 1] = free8g;
    was[at + 2] = used10pct;
    was[at + 3] = utilization_median;
    was[at + 4] = Number(occupied_idle);
    this.#stats[column * card_windows.length + place] = {
      coverage,
      idle_rate: { free8g: known(free8g), used10pct: known(used10pct) },
      utilization_median: known(utilization_median),
      occupied_idle,
    };
    return false;
  }

  #utilizationMedian(column: number, window: number): number | null {
    const { utilization_windows } = this.#settings;
    const place = utilization_windows.indexOf(window);
    return place < 0 ? null : this.#utilization.median(column * utilization_windows.length + place);
  }
}
