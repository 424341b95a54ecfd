import type { IdleRate, Millis, WindowStats } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { Maximum } from './aggregates/maximum.js';
import { Minimum } from './aggregates/minimum.js';
import { Cards, meanIdleRate } from './cards.js';
import { ServerWindow } from './server-window.js';
import { byLabel, type CardWindows, type Outcome, type ServerWindows, type WindowsSettings } from './stats.js';
import { Timeline } from './timeline.js';

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
  readonly #longest: ServerWindow;
  readonly #cards: Cards;
  readonly #cpu_min = new Minimum();
  readonly #cpu_max = new Maximum();
  #now: Millis;
  /** Rows up to here left early because there were too many of them. */
  #floor: Millis = -Infinity;
  #read: ServerWindows<Label> | null = null;

  constructor(settings: WindowsSettings<Label>, now: Millis) {
    this.#settings = settings;
    this.#now = now;
    this.#windows = settings.lengths.map(() => new ServerWindow());
    this.#longest = this.#windows[settings.lengths.indexOf(settings.longest)]!;
    this.#cards = new Cards(settings.lengths);
  }

  record(sample: Received): Outcome {
    if (sample.ts <= this.#start(this.#settings.longest)) return 'late';
    const index = this.#rows.placeOf(sample);
    if (index < 0) return 'duplicate';
    if (sample.ts < this.#newest() - this.#settings.lateness_ms) return 'late';
    this.advance(sample.ts);
    this.#insert(index, sample);
    if (this.#rows.end - this.#longest.first > this.#settings.max_samples) this.#dropOldest();
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

  read(): ServerWindows<Label> {
    return (this.#read ??= this.#readAll());
  }

  /** Bytes of the samples and of what is kept in arrays; the objects around them come on top. */
  get bytes(): number {
    const parts = [this.#rows, this.#cpu_min, this.#cpu_max, this.#cards, ...this.#windows];
    return parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** A row that comes between two others changes what the second adds to its predecessor, so that one is taken out and put back. */
  #insert(index: number, sample: Received): void {
    const between = index < this.#rows.end;
    if (between) this.#windows.forEach((_, which) => this.#inside(which, index) && this.#take(which, index));
    this.#makeCards(sample);
    this.#rows.insert(index, sample, this.#settings.idle);
    for (let which = 0; which < this.#windows.length; which++) this.#give(which, index, sample.ts, between);
    const start = this.#start(this.#settings.longest);
    this.#cpu_min.add(sample.ts, sample.cpu, start);
    this.#cpu_max.add(sample.ts, sample.cpu, start);
    for (const gpu of sample.gpus) this.#cards.record(this.#rows.column(gpu.id), sample.ts, gpu, start);
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
    this.#cards.shift(rows, slot, which, 1);
  }

  #take(which: number, index: number): void {
    const rows = this.#rows;
    const slot = rows.slot(index);
    this.#windows[which]!.remove(rows, slot, index > rows.start ? rows.slot(index - 1) : -1);
    this.#cards.shift(rows, slot, which, -1);
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
    this.#rows.start = Math.max(this.#rows.start, this.#longest.first - 1);
    const longest = this.#windows.indexOf(this.#longest);
    const ids = this.#rows.cards.filter((_, column) => this.#cards.seen(column, longest));
    if (ids.length < this.#rows.cards.length) this.#arrange(ids);
  }

  #dropOldest(): void {
    this.#floor = this.#rows.tsAt(this.#longest.first);
    this.#evict();
  }

  #makeCards({ gpus }: Received): void {
    const fresh = gpus.filter((gpu) => this.#rows.column(gpu.id) < 0).map((gpu) => gpu.id);
    if (fresh.length > 0) this.#arrange([...this.#rows.cards, ...fresh]);
  }

  #arrange(ids: readonly number[]): void {
    this.#rows.arrange(ids);
    this.#cards.arrange(ids);
  }

  #readAll(): ServerWindows<Label> {
    const { labels } = this.#settings;
    const gpus = this.#gpus();
    return {
      windows: byLabel(labels, (which) => this.#windowStats(which, meanIdleRate(gpus.values(), labels[which]!))),
      network: byLabel(labels, (which) => this.#windows[which]!.network.value()),
      gpus,
    };
  }

  #windowStats(which: number, idle_rate: IdleRate): WindowStats {
    const length = this.#settings.lengths[which]!;
    const start = this.#start(length);
    const { cpu, cpu_mean } = this.#windows[which]!;
    return {
      cpu_median: cpu.median(),
      cpu_mean: cpu_mean.value(),
      cpu_min: this.#cpu_min.since(start),
      cpu_max: this.#cpu_max.since(start),
      coverage: Math.min(1, cpu_mean.weight / length),
      idle_rate,
    };
  }

  #gpus(): Map<number, CardWindows<Label>> {
    const { labels, lengths } = this.#settings;
    const starts = lengths.map((length) => this.#start(length));
    const gpus = new Map<number, CardWindows<Label>>();
    this.#rows.cards.forEach((id, column) => gpus.set(id, byLabel(labels, (which) => this.#cards.stats(column, which, starts[which]!))));
    return gpus;
  }

  /** The windows hold what is after their start. */
  #start(length: Millis): Millis {
    return Math.max(this.#now - length, this.#floor);
  }

  #newest(): Millis {
    return this.#rows.end > this.#rows.start ? this.#rows.tsAt(this.#rows.end - 1) : -Infinity;
  }
}
