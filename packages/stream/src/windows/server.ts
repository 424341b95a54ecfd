import type { Millis, WindowStats } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { cpuTime } from './aggregates/cpu-time.js';
import { MeanIdleRate, idleTime } from './aggregates/idle-time.js';
import { Maximum } from './aggregates/maximum.js';
import { Minimum } from './aggregates/minimum.js';
import { network } from './aggregates/network.js';
import { SortedValues } from './aggregates/sorted-values.js';
import { Cards } from './cards.js';
import { byLabel, type NetworkRates, type Outcome, type ServerWindows, type WindowsSettings } from './stats.js';
import { CPU, OBSERVED_MS, type Stretch } from './row.js';
import { Timeline } from './timeline.js';

/** What a window of a server knows that the totals of the rows do not tell. */
class Window {
  readonly length: Millis;
  /** Index of the window's oldest row; its newest is the timeline's. */
  first = 0;
  readonly cpu = new SortedValues();

  constructor(length: Millis) {
    this.length = length;
  }
}

/**
 * One server: its samples in the order of event time, and a window of each length over their newest part.
 *
 *     rows:    start ─ the row before the longest window, kept for its totals ─ … ─ newest
 *     windows:         [60m ················ [15m ········ [5m ···· [1m ·· ] all end at the newest row
 *
 * Every window holds the rows with `ts > now − length`. Invariants: `window.first` is the index of the first such row; a window
 * has counted each row from there on exactly once.
 */
export class Server<Label extends string, CardLabel extends Label> {
  readonly #settings: WindowsSettings<Label, CardLabel>;
  readonly #rows = new Timeline();
  readonly #windows: readonly Window[];
  readonly #longest: Window;
  readonly #cards: Cards<CardLabel>;
  readonly #cpu_min = new Minimum();
  readonly #cpu_max = new Maximum();
  #now: Millis;
  /** Rows up to here left early because there were too many of them. */
  #floor: Millis = -Infinity;
  #read: ServerWindows<Label, CardLabel> | null = null;

  constructor(settings: WindowsSettings<Label, CardLabel>, now: Millis) {
    this.#settings = settings;
    this.#now = now;
    this.#windows = settings.lengths.map((length) => new Window(length));
    this.#longest = this.#windows[settings.lengths.indexOf(settings.longest)]!;
    this.#cards = new Cards(settings);
  }

  record(sample: Received): Outcome {
    if (sample.ts <= this.#start(this.#longest.length)) return 'late';
    const index = this.#rows.placeOf(sample);
    if (index < 0) return 'duplicate';
    if (sample.ts < this.#newest() - this.#settings.lateness_ms) return 'late';
    this.advance(sample.ts);
    this.#insert(index, sample);
    while (this.#tooMuch()) this.#dropOldest();
    this.#read = null;
    return 'recorded';
  }

  /** Moves the end of the windows to `now`, never back; tells whether something left them. */
  advance(now: Millis): boolean {
    if (now <= this.#now) return false;
    this.#now = now;
    return this.#evict();
  }

  get empty(): boolean {
    return this.#longest.first === this.#rows.end;
  }

  read(): ServerWindows<Label, CardLabel> {
    return (this.#read ??= this.#readAll());
  }

  network(): Record<Label, NetworkRates> {
    return byLabel(this.#settings.labels, (which) => network.rates(this.#rows.numbers, this.#stretch(this.#windows[which]!)));
  }

  addIdleRates(which: number, mean: MeanIdleRate): void {
    this.#cards.addIdleRates(this.#rows, this.#stretch(this.#windows[which]!), mean);
  }

  /** Bytes of the samples and of what is kept in arrays; the objects around them come on top. */
  get bytes(): number {
    const parts = [this.#rows, this.#cpu_min, this.#cpu_max, this.#cards, ...this.#windows.map((window) => window.cpu)];
    return parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  #insert(index: number, sample: Received): void {
    this.#makeCards(sample);
    this.#rows.insert(index, sample, this.#settings.idle);
    const slot = this.#rows.slot(index);
    for (let which = 0; which < this.#windows.length; which++) {
      const window = this.#windows[which]!;
      if (sample.ts > this.#start(window.length)) this.#shift(which, slot, 1);
      else window.first++;
    }
    const start = this.#start(this.#longest.length);
    this.#cpu_min.add(sample.ts, sample.cpu, start);
    this.#cpu_max.add(sample.ts, sample.cpu, start);
    for (const gpu of sample.gpus) this.#cards.record(this.#rows.column(gpu.id), sample.ts, gpu);
  }

  /** Counts a row in (`sign` 1) or out (-1) of a window. */
  #shift(which: number, slot: number, sign: 1 | -1): void {
    this.#windows[which]!.cpu.shift(this.#rows.numbers[slot + CPU]!, sign);
    this.#cards.shift(this.#rows, slot, which, sign);
  }

  #evict(): boolean {
    let changed = false;
    for (let which = 0; which < this.#windows.length; which++) changed = this.#evictFrom(which) || changed;
    if (changed) this.#release();
    return changed;
  }

  #evictFrom(which: number): boolean {
    const window = this.#windows[which]!;
    const start = this.#start(window.length);
    const first = window.first;
    while (window.first < this.#rows.end && this.#rows.tsAt(window.first) <= start) this.#shift(which, this.#rows.slot(window.first++), -1);
    return window.first > first;
  }

  /** Lets go of what no window holds, but for the last row before the longest, and of cards that it does not know. */
  #release(): void {
    this.#read = null;
    const rows = this.#rows;
    rows.start = Math.max(rows.start, this.#longest.first - 1);
    const ids = this.#cards.seen(rows, this.#stretch(this.#longest));
    if (ids.length < rows.cards.length) this.#arrange(ids);
  }

  #tooMuch(): boolean {
    const rows = this.#rows.end - this.#longest.first;
    return rows > this.#settings.max_samples || this.#observed(this.#stretch(this.#longest)) > idleTime.most_ms;
  }

  #dropOldest(): void {
    this.#floor = this.#rows.tsAt(this.#longest.first);
    this.#evict();
  }

  #makeCards({ gpus }: Received): void {
    for (const { id } of gpus) if (this.#rows.column(id) < 0) this.#arrange([...this.#rows.cards, id]);
  }

  #arrange(ids: readonly number[]): void {
    this.#cards.arrange(ids.map((id) => this.#rows.column(id)));
    this.#rows.arrange(ids);
  }

  #readAll(): ServerWindows<Label, CardLabel> {
    const { labels, no_window } = this.#settings;
    const stretches = this.#windows.map((window) => this.#stretch(window));
    return {
      windows: byLabel(labels, (which) => this.#readWindow(this.#windows[which]!, stretches[which]!), no_window),
      gpus: this.#cards.read(this.#rows, stretches),
    };
  }

  #readWindow({ length, cpu }: Window, stretch: Stretch): WindowStats {
    const idle_rate = new MeanIdleRate();
    this.#cards.addIdleRates(this.#rows, stretch, idle_rate);
    return {
      cpu_median: cpu.median(),
      cpu_mean: cpuTime.mean(this.#rows.numbers, stretch),
      cpu_min: this.#cpu_min.since(stretch.start),
      cpu_max: this.#cpu_max.since(stretch.start),
      coverage: Math.min(1, this.#observed(stretch) / length),
      idle_rate: idle_rate.value(),
    };
  }

  #observed({ newest, before }: Stretch): Millis {
    const { numbers } = this.#rows;
    return numbers[newest + OBSERVED_MS]! - numbers[before + OBSERVED_MS]!;
  }

  #stretch({ first, length }: Window): Stretch {
    const rows = this.#rows;
    return { newest: rows.before(rows.end), before: rows.before(first), start: this.#start(length) };
  }

  /** The windows hold what is after their start. */
  #start(length: Millis): Millis {
    return Math.max(this.#now - length, this.#floor);
  }

  #newest(): Millis {
    return this.#rows.end > this.#rows.start ? this.#rows.tsAt(this.#rows.end - 1) : -Infinity;
  }
}
