import type { Millis } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { CPU_TIME, cpuTime } from './aggregates/cpu-time.js';
import { network } from './aggregates/network.js';
import { RankedValues } from './aggregates/ranked-values.js';
import { Cards } from './cards.js';
import { COVERAGE, CPU_MAX, CPU_MEAN, CPU_MEDIAN, CPU_MIN, Figures, WINDOW_FIGURES } from './figures.js';
import { Memory } from './memory.js';
import { byLabel, type NetworkRates, type Outcome, type WindowsSettings } from './stats.js';
import { CPU, INTERVAL_MS } from './row.js';
import { Timeline } from './timeline.js';

// What is known of a server's windows, in one array. First the moments after which they begin, the shortest first; then of each window the
// index of its oldest row (its newest is the timeline's), that row's time, and what it has counted of CPU.
const FIRST = 0;
const OLDEST = 1;
const CPU_SUMS = 2;
const WINDOW = CPU_SUMS + CPU_TIME;

/**
 * One server: its samples in the order of event time, and a window of each length over their newest part.
 *
 *     rows:    start ─ the row before the longest window, from which its first one grew ─ … ─ newest
 *     windows:         [60m ················ [15m ········ [5m ···· [1m ·· ] all end at the newest row
 *
 * Every window holds the rows with `ts > now − length`. Invariants: a window's `FIRST` is the index of the first such row; it
 * has counted each row from there on exactly once.
 */
export class Server<Label extends string, CardLabel extends Label> {
  readonly id: string;
  /** Where the fleet has put it. */
  place = 0;
  /** Whether the fleet has yet to tell that something happened. */
  changed = false;
  /** Whether the fleet has let go of it. */
  gone = false;
  /** When the next row leaves a window: until then `advance` has nothing to do. */
  due: Millis = Infinity;
  readonly #settings: WindowsSettings<Label, CardLabel>;
  readonly #memory = new Memory();
  readonly #rows = new Timeline(this.#memory);
  readonly #state: Float64Array;
  /** The number of the longest window, which is the last. */
  readonly #longest: number;
  readonly #cpu: RankedValues;
  readonly #cards: Cards;
  #now: Millis = -Infinity;
  /** Rows up to here left early because there were too many of them. */
  #floor: Millis = -Infinity;
  #figures: Figures<Label, CardLabel>;
  /** Something happened since the figures were last made. */
  #stale = true;

  constructor(id: string, settings: WindowsSettings<Label, CardLabel>, now: Millis) {
    this.id = id;
    this.#settings = settings;
    const windows = settings.lengths.length;
    this.#longest = windows - 1;
    this.#state = this.#memory.float64((1 + WINDOW) * windows).fill(-Infinity, 0, windows);
    for (let which = 0; which < windows; which++) this.#state[this.#window(which) + OLDEST] = Infinity;
    this.#cpu = new RankedValues(windows, [], this.#memory);
    this.#cards = new Cards(settings);
    this.#figures = new Figures(settings, [], this.#memory);
    this.#moveTo(now);
  }

  /** @param now the clock: where `advance` was last told to move, or would have if there had been something to do. */
  record(sample: Received, now: Millis): Outcome {
    this.#moveTo(now);
    if (sample.ts <= this.#start(this.#longest)) return 'late';
    const index = this.#rows.placeOf(sample);
    if (index < 0) return 'duplicate';
    if (sample.ts < this.#newest() - this.#settings.lateness_ms) return 'late';
    this.#moveTo(sample.ts);
    this.#insert(index, sample);
    while (this.#tooMuch()) this.#dropOldest();
    this.due = this.#nextToLeave();
    this.#stale = true;
    return 'recorded';
  }

  /** Moves the end of the windows to `now`, never back; tells whether something left them. Until a row is due no figure depends on it. */
  advance(now: Millis): boolean {
    if (now < this.due) return false;
    const changed = this.#moveTo(now);
    this.due = this.#nextToLeave();
    return changed;
  }

  /** Reads what `advance` will begin with: of each window the row that leaves, and the next one. What it returns says nothing. */
  glance(): number {
    let sum = 0;
    for (let which = 0; which <= this.#longest; which++) sum += this.#rows.tsAt(this.#first(which)) + this.#rows.tsAt(this.#first(which) + 1);
    return sum;
  }

  get empty(): boolean {
    return this.#first(this.#longest) === this.#rows.end;
  }

  /** The figures as they are now. They are made in place, and when they are asked for. */
  read(): Figures<Label, CardLabel> {
    if (this.#stale) this.#tell();
    return this.#figures;
  }

  network(): Record<Label, NetworkRates> {
    return byLabel(this.#settings.labels, (which) => network.rates(this.#rows, this.#first(which)));
  }

  /** Bytes of the samples and of what is kept in arrays; the objects around them come on top. */
  get bytes(): number {
    return this.#rows.size_bytes + this.#cpu.bytes + this.#cards.bytes + this.#figures.numbers.byteLength;
  }

  #insert(index: number, sample: Received): void {
    this.#makeCards(sample);
    this.#rows.insert(index, sample, this.#settings.idle);
    const slot = this.#rows.slot(index);
    const state = this.#state;
    let shortest = 0;
    for (let which = 0; which <= this.#longest; which++) {
      const window = this.#window(which);
      if (sample.ts <= this.#start(which)) {
        state[window + FIRST]!++;
        shortest = which + 1;
      } else {
        if (index === state[window + FIRST]) state[window + OLDEST] = sample.ts;
        this.#shift(which, slot, 1);
      }
    }
    this.#cpu.add(sample.cpu, sample.ts, shortest, this.#start(this.#longest));
    for (const gpu of sample.gpus) this.#cards.record(this.#rows.column(gpu.id), sample.ts, gpu);
  }

  /** Counts a row in (`sign` 1) or out (-1) of a window. */
  #shift(which: number, slot: number, sign: 1 | -1): void {
    const { numbers } = this.#rows;
    cpuTime.shift(this.#state, this.#window(which) + CPU_SUMS, numbers[slot + CPU]!, sign * numbers[slot + INTERVAL_MS]!);
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
    for (let which = 0; which <= this.#longest; which++) due = Math.min(due, this.#oldest(which) + lengths[which]!);
    return due;
  }

  /** The windows hold what is after their start. */
  #moveStarts(): void {
    const { lengths } = this.#settings;
    for (let which = 0; which <= this.#longest; which++) this.#state[which] = Math.max(this.#now - lengths[which]!, this.#floor);
  }

  #evict(): boolean {
    let changed = false;
    for (let which = 0; which <= this.#longest; which++) {
      if (this.#oldest(which) > this.#start(which)) continue;
      this.#evictFrom(which);
      changed = true;
    }
    if (changed) this.#release();
    return changed;
  }

  #evictFrom(which: number): void {
    const start = this.#start(which);
    const rows = this.#rows;
    const { numbers } = rows;
    let index = this.#first(which);
    let oldest = this.#oldest(which);
    while (oldest <= start) {
      const slot = rows.slot(index++);
      oldest = index < rows.end ? rows.tsAt(index) : Infinity;
      this.#cpu.leave(numbers[slot + CPU]!, which);
      this.#shift(which, slot, -1);
    }
    this.#state[this.#window(which) + FIRST] = index;
    this.#state[this.#window(which) + OLDEST] = oldest;
  }

  /** Lets go of what no window holds, but for the last row before the longest, and of cards that it does not know. */
  #release(): void {
    this.#stale = true;
    const rows = this.#rows;
    rows.start = Math.max(rows.start, this.#first(this.#longest) - 1);
    const start = this.#start(this.#longest);
    if (this.#cards.anyUnseen(start)) this.#arrange(rows.cards.filter((_, column) => this.#cards.isSeen(column, start)));
  }

  #tooMuch(): boolean {
    return this.#rows.end - this.#first(this.#longest) > this.#settings.max_samples;
  }

  #dropOldest(): void {
    this.#floor = this.#oldest(this.#longest);
    this.#moveStarts();
    this.#evict();
  }

  #makeCards({ gpus }: Received): void {
    for (const { id } of gpus) if (this.#rows.column(id) < 0) return this.#arrange([...new Set([...this.#rows.cards, ...gpus.map((gpu) => gpu.id)])]);
  }

  #arrange(ids: readonly number[]): void {
    this.#cards.arrange(ids.map((id) => this.#rows.column(id)), this.#memory);
    this.#rows.arrange(ids);
    this.#figures = new Figures(this.#settings, ids, this.#memory);
    this.#stale = true;
  }

  #tell(): void {
    const { numbers } = this.#figures;
    for (let which = 0; which <= this.#longest; which++) this.#tellWindow(which, numbers);
    this.#stale = false;
  }

  #tellWindow(which: number, to: Float64Array): void {
    const start = this.#start(which);
    const sums = this.#window(which) + CPU_SUMS;
    const from = WINDOW_FIGURES * which;
    to[from + CPU_MEDIAN] = this.#cpu.median(which, start);
    to[from + CPU_MEAN] = cpuTime.mean(this.#state, sums);
    to[from + CPU_MIN] = this.#cpu.least(which, start);
    to[from + CPU_MAX] = this.#cpu.greatest(which, start);
    to[from + COVERAGE] = Math.min(1, cpuTime.observed(this.#state, sums) / this.#settings.lengths[which]!);
    this.#cards.tell(which, start, to);
  }

  #window(which: number): number {
    return this.#longest + 1 + WINDOW * which;
  }

  #start(which: number): Millis {
    return this.#state[which]!;
  }

  #first(which: number): number {
    return this.#state[this.#window(which) + FIRST]!;
  }

  #oldest(which: number): Millis {
    return this.#state[this.#window(which) + OLDEST]!;
  }

  #newest(): Millis {
    return this.#rows.end > this.#rows.start ? this.#rows.tsAt(this.#rows.end - 1) : -Infinity;
  }
}
