import type { IdleRate, WindowStats } from '@vacancy/shared';
import { Memory } from './memory.js';
import { byLabel, type CardStats, type CardWindows, type ServerWindows, type WindowsSettings } from './stats.js';

/** Places of the figures of a window of a server. */
export const CPU_MEDIAN = 0;
export const CPU_MEAN = 1;
export const CPU_MIN = 2;
export const CPU_MAX = 3;
export const COVERAGE = 4;
/** Means over the cards that the window saw, and how many these are. */
export const FREE8G = 5;
export const USED10PCT = 6;
export const CARDS = 7;
export const WINDOW_FIGURES = 8;

/** Places of the figures of a window of a card. */
export const CARD_COVERAGE = 0;
export const CARD_FREE8G = 1;
export const CARD_USED10PCT = 2;
export const UTILIZATION_MEDIAN = 3;
/** 1 or 0. */
export const OCCUPIED_IDLE = 4;
export const CARD_FIGURES = 5;

/** Where the figures of a card's windows begin, after those of the server's. */
export const cardFigures = ({ labels, card_labels }: WindowsSettings<string>, column: number): number =>
  WINDOW_FIGURES * labels.length + CARD_FIGURES * card_labels.length * column;

/**
 * The figures of one server as they are, side by side in one array that is written anew when they change: of a thousand servers, records
 * for each window and card would be forty thousand objects a second to make and to collect. `windows` and `gpus` make records, which stay
 * as they are, for who looks at a server or wants to keep what it saw.
 */
export class Figures<Label extends string, CardLabel extends Label> implements ServerWindows<Label, CardLabel> {
  readonly #settings: WindowsSettings<Label, CardLabel>;
  /** Ids of the cards, in the order of their figures. */
  readonly #cards: readonly number[];
  /** First those of the windows, then those of each card's windows; NaN in the place of one that is not known. */
  readonly numbers: Float64Array;

  constructor(settings: WindowsSettings<Label, CardLabel>, cards: readonly number[], memory = new Memory()) {
    this.#settings = settings;
    this.#cards = cards;
    this.numbers = memory.float64(cardFigures(settings, cards.length)).fill(NaN);
  }

  get windows(): Readonly<Record<Label, WindowStats>> {
    return byLabel(this.#settings.labels, (which) => this.#window(WINDOW_FIGURES * which));
  }

  get gpus(): ReadonlyMap<number, CardWindows<CardLabel>> {
    const { card_labels } = this.#settings;
    return new Map(this.#cards.map((id, column) => {
      const from = cardFigures(this.#settings, column);
      return [id, byLabel(card_labels, (place) => this.#card(from + CARD_FIGURES * place))];
    }));
  }

  #window(from: number): WindowStats {
    return {
      cpu_median: this.#known(from + CPU_MEDIAN),
      cpu_mean: this.#known(from + CPU_MEAN),
      cpu_min: this.#known(from + CPU_MIN),
      cpu_max: this.#known(from + CPU_MAX),
      coverage: this.numbers[from + COVERAGE]!,
      idle_rate: this.#idleRate(from + FREE8G),
    };
  }

  #card(from: number): CardStats {
    return {
      coverage: this.numbers[from + CARD_COVERAGE]!,
      idle_rate: this.#idleRate(from + CARD_FREE8G),
      utilization_median: this.#known(from + UTILIZATION_MEDIAN),
      occupied_idle: this.numbers[from + OCCUPIED_IDLE] === 1,
    };
  }

  #known(at: number): number | null {
    const figure = this.numbers[at]!;
    return Number.isNaN(figure) ? null : figure;
  }

  #idleRate(at: number): IdleRate {
    return { free8g: this.#known(at), used10pct: this.#known(at + 1) };
  }
}
