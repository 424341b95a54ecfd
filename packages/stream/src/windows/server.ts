import type { IdleRate, Millis, WindowStats } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { Maximum } from './aggregates/maximum.js';
import { Minimum } from './aggregates/minimum.js';
import { Card } from './card.js';
import { ServerWindow } from './server-window.js';
import { byLabel, type CardWindows, type Outcome, type ServerWindows, type WindowsSettings } from './stats.js';
import { PRESENT, Timeline } from './timeline.js';

/**
 * One server: its samples in the order of event time, and a window of each length over their newest part.
 *
 *     rows:    start ─ the row before the longest window, kept for its counters ─ … ─ newest
 *     windows:         [60m ················ [15m ········ [5m ···· [1m ·· ] all end at the newest row
 *
 * Every window holds the rows with `ts > now − length`. Invariants: `window.first` is the index of the first such row; a window
 * has added each row from there on exactly once.
 */
export class Server<Label extends string> {
  readonly #settings: WindowsSettings<Label>;
  readonly #rows = new Timeline();
  readonly #windows: readonly ServerWindow[];
  /** In the order of the columns of the timeline. */
  #cards: Card[] = [];
  readonly #cpu_min = new Minimum();
  readonly #cpu_max = new Maximum();
  #now: Millis;
  /** Rows up to here left early because there were too many of them. */
  #floor: Millis = -Infinity;
  #read: ServerWindows<Label> | null = null;

  constructor(settings: WindowsSettings<Label>, now: Millis) {
    this.#settings = settings;
    this.#now = now;
    this.#windows = settings.lengths.map(() => new ServerWindow(0));
  }

  record(sample: Received): Outcome {
    if (sample.ts <= this.#start(this.#settings.longest)) return 'late';
    const index = this.#rows.placeOf(sample);
    if (index < 0) return 'duplicate';
    if (sample.ts < this.#newest() - this.#settings.lateness_ms) return 'late';
    this.advance(sample.ts);
    this.#insert(index, sample);
    if (this.#rows.end - this.#longest().first > this.#settings.max_samples) this.#dropOldest();
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
    return this.#longest().first === this.#rows.end;
  }

  read(): ServerWindows<Label> {
    return (this.#read ??= {
      windows: byLabel(this.#settings.labels, (which) => this.#windowStats(which)),
      network: byLabel(this.#settings.labels, (which) => this.#windows[which]!.network()),
      gpus: new Map(this.#cards.map((card) => [card.id, this.#cardWindows(card)])),
    });
  }

  /** Bytes of the sample columns and the order structures; the objects around them come on top. */
  get bytes(): number {
    const parts = [this.#rows, this.#cpu_min, this.#cpu_max, ...this.#windows, ...this.#cards];
    return parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** A row that comes between two others changes what the second adds to its predecessor, so that one is taken out and put back. */
  #insert(index: number, sample: Received): void {
    const between = index < this.#rows.end;
    if (between) this.#windows.forEach((_, which) => this.#inside(which, index) && this.#take(which, index));
    this.#makeCards(sample);
    this.#rows.insert(index, sample, this.#settings.idle);
    for (let which = 0; which < this.#windows.length; which++) this.#give(which, index, sample.ts, between);
    this.#cpu_min.add(sample.ts, sample.cpu);
    this.#cpu_max.add(sample.ts, sample.cpu);
    for (const gpu of sample.gpus) this.#cards[this.#rows.column(gpu.id)!]!.record(sample.ts, gpu);
  }

  /** Gives the row just inserted at `index` to the window, and its successor again when that was taken out. */
  #give(which: number, index: number, ts: Millis, between: boolean): void {
    const window = this.#windows[which]!;
    const inside = ts > this.#start(this.#settings.lengths[which]!);
    if (!inside) window.first++;
    if (inside) this.#put(which, index);
    if (between && this.#inside(which, index + 1)) this.#put(which, index + 1);
  }

  #inside(which: number, index: number): boolean {
    return index >= this.#windows[which]!.first;
  }

  #put(which: number, index: number): void {
    const rows = this.#rows;
    const slot = rows.slot(index);
    this.#windows[which]!.add(rows, slot, index > rows.start ? rows.slot(index - 1) : -1);
    for (let column = 0, cell = rows.cell(slot, 0); column < this.#cards.length; column++, cell++) {
      if (rows.card[cell]! & PRESENT) this.#cards[column]!.windows[which]!.add(rows, slot, cell);
    }
  }

  #take(which: number, index: number): void {
    const rows = this.#rows;
    const slot = rows.slot(index);
    this.#windows[which]!.remove(rows, slot, index > rows.start ? rows.slot(index - 1) : -1);
    for (let column = 0, cell = rows.cell(slot, 0); column < this.#cards.length; column++, cell++) {
      if (rows.card[cell]! & PRESENT) this.#cards[column]!.windows[which]!.remove(rows, slot, cell);
    }
  }

  #evict(): boolean {
    let changed = false;
    for (let which = 0; which < this.#windows.length; which++) changed = this.#evictFrom(which) || changed;
    if (changed) this.#release();
    return changed;
  }

  #evictFrom(which: number): boolean {
    const window = this.#windows[which]!;
    const start = this.#start(this.#settings.lengths[which]!);
    const first = window.first;
    while (window.first < this.#rows.end && this.#rows.tsAt(window.first) <= start) this.#take(which, window.first++);
    return window.first > first;
  }

  /** Lets go of what no window holds, but for the last row before the longest: the next increase starts there. */
  #release(): void {
    this.#read = null;
    this.#rows.start = Math.max(this.#rows.start, this.#longest().first - 1);
    const start = this.#start(this.#settings.longest);
    this.#cpu_min.forget(start);
    this.#cpu_max.forget(start);
    for (const card of this.#cards) card.forget(start);
    if (this.#cards.some((card) => this.#gone(card))) this.#dropCards();
  }

  #dropOldest(): void {
    this.#floor = this.#rows.tsAt(this.#longest().first);
    this.#evict();
  }

  #makeCards(sample: Received): void {
    for (const id of this.#rows.addCards(sample.gpus)) this.#cards.push(new Card(id, this.#settings.lengths));
  }

  #dropCards(): void {
    this.#cards = this.#cards.filter((card) => !this.#gone(card));
    this.#rows.keepCards(this.#cards.map((card) => card.id));
  }

  #gone(card: Card): boolean {
    return card.windows[this.#which(this.#settings.longest)]!.idle.observed_ms === 0;
  }

  #windowStats(which: number): WindowStats {
    const length = this.#settings.lengths[which]!;
    const start = this.#start(length);
    const { cpu_median, cpu_mean, coverage } = this.#windows[which]!.cpu(length);
    const idle_rate = meanIdleRate(this.#cards.map((card) => card.windows[which]!.idle.value()));
    return { cpu_median, cpu_mean, cpu_min: this.#cpu_min.since(start), cpu_max: this.#cpu_max.since(start), coverage, idle_rate };
  }

  #cardWindows(card: Card): CardWindows<Label> {
    return byLabel(this.#settings.labels, (which) => {
      const length = this.#settings.lengths[which]!;
      return card.stats(which, length, this.#start(length));
    });
  }

  /** The windows hold what is after their start. */
  #start(length: Millis): Millis {
    return Math.max(this.#now - length, this.#floor);
  }

  #newest(): Millis {
    return this.#rows.end > this.#rows.start ? this.#rows.tsAt(this.#rows.end - 1) : -Infinity;
  }

  #longest(): ServerWindow {
    return this.#windows[this.#which(this.#settings.longest)]!;
  }

  #which(length: Millis): number {
    return this.#settings.lengths.indexOf(length);
  }
}

/** The mean over cards of their rates; a card without observed time has none and does not count. */
export function meanIdleRate(rates: readonly IdleRate[]): IdleRate {
  let count = 0;
  let free8g = 0;
  let used10pct = 0;
  for (const rate of rates) {
    if (rate.free8g === null || rate.used10pct === null) continue;
    count++;
    free8g += rate.free8g;
    used10pct += rate.used10pct;
  }
  return count > 0 ? { free8g: free8g / count, used10pct: used10pct / count } : { free8g: null, used10pct: null };
}
