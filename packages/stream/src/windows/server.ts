import type { Millis, WindowStats } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { CpuTime } from './aggregates/cpu-time.js';
import { MeanIdleRate } from './aggregates/idle-time.js';
import { Maximum } from './aggregates/maximum.js';
import { Minimum } from './aggregates/minimum.js';
import { network } from './aggregates/network.js';
import { SortedValues } from './aggregates/sorted-values.js';
import { Cards } from './cards.js';
import { byLabel, type NetworkRates, type Outcome, type ServerWindows, type WindowsSettings } from './stats.js';
import { CPU, INTERVAL_MS } from './row.js';
import { Timeline } from './timeline.js';

/** Which rows a window of a server holds: those from `first` on. */
class Window {
  /** Index of the window's oldest row; its newest is the timeline's. */
  first = 0;
  /** The time of that row. */
  oldest: Millis = Infinity;
}

/**
 * One server: its samples in the order of event time, and a window of each length over their newest part.
 *
 *     rows:    start ─ the row before the longest window, from which its first one grew ─ … ─ newest
 *     windows:         [60m ················ [15m ········ [5m ···· [1m ·· ] all end at the newest row
 *
 * Every window holds the rows with `ts > now − length`. Invariants: `window.first` is the index of the first such row; a window
 * has counted each row from there on exactly once.
 */
export class Server<Label extends string, CardLabel extends Label> {
  readonly #settings: WindowsSettings<Label, CardLabel>;
  readonly #rows = new Timeline();
  /** The shortest first, and the moments after which they begin. */
  readonly #windows: readonly Window[];
  readonly #starts: Float64Array;
  readonly #longest: Window;
  readonly #cpu: SortedValues;
  readonly #cpu_time: CpuTime;
  readonly #cards: Cards<CardLabel>;
  readonly #cpu_min = new Minimum();
  readonly #cpu_max = new Maximum();
  #now: Millis = -Infinity;
  /** When the next row leaves a window; at once when there is none, for then the server may go. */
  #due: Millis = Infinity;
  /** Rows up to here left early because there were too many of them. */
  #floor: Millis = -Infinity;
  #read: ServerWindows<Label, CardLabel> | null = null;

  constructor(settings: WindowsSettings<Label, CardLabel>, now: Millis) {
    this.#settings = settings;
    this.#windows = settings.lengths.map(() => new Window());
    this.#longest = this.#windows.at(-1)!;
    this.#starts = new Float64Array(settings.lengths.length).fill(-Infinity);
    this.#cpu = new SortedValues(this.#starts);
    this.#cpu_time = new CpuTime(settings.lengths.length);
    this.#cards = new Cards(settings);
    this.#moveTo(now);
  }

  /** @param now the clock: where `advance` was last told to move, or would have if there had been something to do. */
  record(sample: Received, now: Millis): Outcome {
    this.#moveTo(now);
    if (sample.ts <= this.#starts.at(-1)!) return 'late';
    const index = this.#rows.placeOf(sample);
    if (index < 0) return 'duplicate';
    if (sample.ts < this.#newest() - this.#settings.lateness_ms) return 'late';
    this.#moveTo(sample.ts);
    this.#insert(index, sample);
    while (this.#tooMuch()) this.#dropOldest();
    this.#due = this.#nextToLeave();
    this.#read = null;
    return 'recorded';
  }

  /** Moves the end of the windows to `now`, never back; tells whether something left them. Until a row is due no figure depends on it. */
  advance(now: Millis): boolean {
    if (now < this.#due) return false;
    const changed = this.#moveTo(now);
    this.#due = this.#nextToLeave();
    return changed || this.empty;
  }

  get empty(): boolean {
    return this.#longest.first === this.#rows.end;
  }

  read(): ServerWindows<Label, CardLabel> {
    return (this.#read ??= this.#readAll());
  }

  network(): Record<Label, NetworkRates> {
    return byLabel(this.#settings.labels, (which) => network.rates(this.#rows, this.#windows[which]!.first));
  }

  addIdleRates(which: number, mean: MeanIdleRate): void {
    this.#cards.addIdleRates(which, mean);
  }

  /** Bytes of the samples and of what is kept in arrays; the objects around them come on top. */
  get bytes(): number {
    return this.#rows.size_bytes + this.#cpu.bytes + this.#cpu_min.bytes + this.#cpu_max.bytes + this.#cards.bytes;
  }

  #insert(index: number, sample: Received): void {
    this.#makeCards(sample);
    this.#rows.insert(index, sample, this.#settings.idle);
    const slot = this.#rows.slot(index);
    for (let which = 0; which < this.#windows.length; which++) {
      const window = this.#windows[which]!;
      if (sample.ts <= this.#starts[which]!) window.first++;
      else {
        if (index === window.first) window.oldest = sample.ts;
        this.#shift(which, slot, 1);
      }
    }
    const start = this.#starts.at(-1)!;
    this.#cpu.add(sample.cpu, sample.ts);
    this.#cpu_min.add(sample.ts, sample.cpu, start);
    this.#cpu_max.add(sample.ts, sample.cpu, start);
    for (const gpu of sample.gpus) this.#cards.record(this.#rows.column(gpu.id), sample.ts, gpu);
  }

  /** Counts a row in (`sign` 1) or out (-1) of a window. */
  #shift(which: number, slot: number, sign: 1 | -1): void {
    const { numbers } = this.#rows;
    this.#cpu_time.shift(which, numbers[slot + CPU]!, numbers[slot + INTERVAL_MS]!, sign);
    this.#cards.shift(this.#rows, slot, which, sign);
  }

  #moveTo(now: Millis): boolean {
    if (now <= this.#now) return false;
    this.#now = now;
    this.#moveStarts();
    return this.#evict();
  }

  #nextToLeave(): Millis {
    if (this.empty) return -Infinity;
    const { lengths } = this.#settings;
    let due = Infinity;
    for (let which = 0; which < lengths.length; which++) due = Math.min(due, this.#windows[which]!.oldest + lengths[which]!);
    return due;
  }

  /** The windows hold what is after their start. */
  #moveStarts(): void {
    const { lengths } = this.#settings;
    for (let which = 0; which < lengths.length; which++) this.#starts[which] = Math.max(this.#now - lengths[which]!, this.#floor);
  }

  #evict(): boolean {
    let changed = false;
    for (let which = 0; which < this.#windows.length; which++) {
      if (this.#windows[which]!.oldest > this.#starts[which]!) continue;
      this.#evictFrom(which);
      changed = true;
    }
    if (changed) this.#release();
    return changed;
  }

  #evictFrom(which: number): void {
    const window = this.#windows[which]!;
    const start = this.#starts[which]!;
    const rows = this.#rows;
    for (let before = -Infinity; window.oldest <= start; ) {
      const slot = rows.slot(window.first++);
      const ts = window.oldest;
      window.oldest = window.first < rows.end ? rows.tsAt(window.first) : Infinity;
      this.#cpu.leave(rows.numbers[slot + CPU]!, ts, which, before < ts && ts < window.oldest);
      this.#shift(which, slot, -1);
      before = ts;
    }
  }

  /** Lets go of what no window holds, but for the last row before the longest, and of cards that it does not know. */
  #release(): void {
    this.#read = null;
    const rows = this.#rows;
    rows.start = Math.max(rows.start, this.#longest.first - 1);
    const start = this.#starts.at(-1)!;
    if (this.#cards.anyUnseen(start)) this.#arrange(rows.cards.filter((_, column) => this.#cards.isSeen(column, start)));
  }

  #tooMuch(): boolean {
    return this.#rows.end - this.#longest.first > this.#settings.max_samples;
  }

  #dropOldest(): void {
    this.#floor = this.#longest.oldest;
    this.#moveStarts();
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
    return {
      windows: byLabel(labels, (which) => this.#readWindow(which), no_window),
      gpus: this.#cards.read(this.#rows.cards, this.#starts),
    };
  }

  #readWindow(which: number): WindowStats {
    const start = this.#starts[which]!;
    const idle_rate = new MeanIdleRate();
    this.#cards.addIdleRates(which, idle_rate);
    return {
      cpu_median: this.#cpu.median(which),
      cpu_mean: this.#cpu_time.mean(which),
      cpu_min: this.#cpu_min.since(start),
      cpu_max: this.#cpu_max.since(start),
      coverage: Math.min(1, this.#cpu_time.observed(which) / this.#settings.lengths[which]!),
      idle_rate: idle_rate.value(),
    };
  }

  #newest(): Millis {
    return this.#rows.end > this.#rows.start ? this.#rows.tsAt(this.#rows.end - 1) : -Infinity;
  }
}
