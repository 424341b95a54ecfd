import type { GpuSample, Millis } from '@vacancy/shared';
import { idleTime, type MeanIdleRate } from './aggregates/idle-time.js';
import { OccupiedIdle } from './aggregates/occupied-idle.js';
import { PercentCounts } from './aggregates/percent-counts.js';
import { OCCUPIED_IDLE_COVERAGE, byLabel, type CardStats, type CardWindows, type WindowsSettings } from './stats.js';
import { UNKNOWN, type Stretch } from './row.js';
import { type Timeline } from './timeline.js';

/** The cards of one server, in the order of the timeline's columns: what their rows' totals do not tell. */
export class Cards<CardLabel extends string> {
  readonly #settings: WindowsSettings<string, CardLabel>;
  /** A series for each card and each window in which it is kept. */
  readonly #utilization = new PercentCounts(0);
  readonly #occupied_idle = new OccupiedIdle();
  /** As they were last asked, also by place in series. */
  #read: ReadonlyMap<number, CardWindows<CardLabel>> = new Map();
  #stats: CardStats[] = [];

  constructor(settings: WindowsSettings<string, CardLabel>) {
    this.#settings = settings;
  }

  /** Counts the cards of a row in (`sign` 1) or out (-1) of a window. */
  shift(rows: Timeline, slot: number, window: number, sign: 1 | -1): void {
    const { utilization_windows } = this.#settings;
    const place = utilization_windows.indexOf(window);
    if (place < 0) return;
    const from = rows.percent(slot);
    for (let column = 0; column < rows.cards.length; column++) {
      const percent = rows.percents[from + column]!;
      if (percent !== UNKNOWN) this.#utilization.shift(column * utilization_windows.length + place, percent, sign);
    }
  }

  record(column: number, ts: Millis, gpu: GpuSample): void {
    this.#occupied_idle.add(column, ts, gpu);
  }

  addIdleRates(rows: Timeline, { newest, before }: Stretch, mean: MeanIdleRate): void {
    for (let column = 0; column < rows.cards.length; column++) mean.add(rows.words, rows.cell(newest, column), rows.cell(before, column));
  }

  /** Ids of the cards that the stretch knows. */
  seen(rows: Timeline, { newest, before }: Stretch): number[] {
    return rows.cards.filter((_, column) => idleTime.observed(rows.words, rows.cell(newest, column), rows.cell(before, column)) > 0);
  }

  /** The figures of all cards by id. What did not change since they were last asked is the same object: what nobody makes nobody collects. */
  read(rows: Timeline, stretches: readonly Stretch[]): ReadonlyMap<number, CardWindows<CardLabel>> {
    const now = new Map<number, CardWindows<CardLabel>>();
    for (let column = 0; column < rows.cards.length; column++) {
      const id = rows.cards[column]!;
      now.set(id, this.#readCard(rows, column, stretches, this.#read.get(id)));
    }
    return (this.#read = now);
  }

  /** Goes on with these cards in this order, each named by its column until now; -1 begins an empty one. */
  arrange(columns: readonly number[]): void {
    const each = this.#settings.utilization_windows.length;
    this.#utilization.arrange(columns.flatMap((was) => Array.from({ length: each }, (_, place) => (was < 0 ? -1 : was * each + place))));
    this.#stats = [];
    this.#read = new Map();
    this.#occupied_idle.arrange(columns);
  }

  get bytes(): number {
    return this.#utilization.bytes;
  }

  #readCard(rows: Timeline, column: number, stretches: readonly Stretch[], was: CardWindows<CardLabel> | undefined): CardWindows<CardLabel> {
    const { card_labels, card_windows, no_card } = this.#settings;
    const series = column * card_labels.length;
    let same = was !== undefined;
    for (let place = 0; place < card_labels.length; place++) {
      const before = this.#stats[series + place];
      const stats = this.#readWindow(rows, column, card_windows[place]!, stretches[card_windows[place]!]!, before);
      if (stats === before) continue;
      this.#stats[series + place] = stats;
      same = false;
    }
    return same ? was! : byLabel(card_labels, (place) => this.#stats[series + place]!, no_card);
  }

  #readWindow(rows: Timeline, column: number, window: number, { newest, before, start }: Stretch, was: CardStats | undefined): CardStats {
    const { lengths } = this.#settings;
    const cell = rows.cell(newest, column);
    const base = rows.cell(before, column);
    const coverage = Math.min(1, idleTime.observed(rows.words, cell, base) / lengths[window]!);
    const idle_rate = idleTime.rate(rows.words, cell, base, was?.idle_rate);
    const utilization_median = this.#utilizationMedian(column, window);
    const occupied_idle = coverage >= OCCUPIED_IDLE_COVERAGE && this.#occupied_idle.since(column, start);
    const same = was?.idle_rate === idle_rate && was.coverage === coverage && was.utilization_median === utilization_median && was.occupied_idle === occupied_idle;
    return same ? was : { coverage, idle_rate, utilization_median, occupied_idle };
  }

  #utilizationMedian(column: number, window: number): number | null {
    const { utilization_windows } = this.#settings;
    const place = utilization_windows.indexOf(window);
    return place < 0 ? null : this.#utilization.median(column * utilization_windows.length + place);
  }
}
