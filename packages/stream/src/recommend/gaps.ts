import { HOUR, MINUTE } from '@vacancy/shared';

/**
 * How long free memory on a card lasts, learned from how it ended before.
 *
 * A card is in a quiet period until its free memory falls by a tenth of the card (somebody came: the period ended) or rises
 * by a tenth (somebody went: a new period starts, how the old one would have ended is not known). For every minute of
 * a period there is a rate at which such periods end: the fleet's rate for periods of this age, times a factor for
 * each thing that is known about this one (the hour, what kind of work was there last and whose, its server, its card). A factor is
 * events ÷ events that the rates without it would have led one to expect, drawn towards 1 while there are few.
 *
 * Periods that have not ended yet count with the time that they have lasted, so that long ones are not overlooked. All
 * state is bounded: rates by age, and the factors used last.
 */
export interface CardReading {
  readonly memory_total: number;
  readonly memory_free: number;
  readonly utilization: number | null;
  readonly users: readonly string[];
}

export interface GapsState {
  readonly version: 1;
  readonly rates: [kind: string, rates: Rates][];
  readonly factors: [key: string, events: number, expected: number][];
  readonly periods: [card: string, period: Period][];
}

/** By age: how many periods ended, and the minutes in which they could have. By share of the card: how much the ends took. */
interface Rates {
  readonly events: number[];
  readonly minutes: number[];
  readonly falls: number[];
}

interface Period {
  since: number;
  seen: number;
  /** Free memory, bytes: at the start, and the most since. */
  start: number;
  most: number;
  empty: boolean;
  /** Who is on the card, or was last; '' is not known. */
  who: string;
  /** What the last work on the card was like; while it is occupied, what it is like so far. */
  work: Work;
  /** Somebody is still coming, by whom the period before was ended: its kind, the free memory it had, the least since. */
  arrival: { readonly kind: string; readonly most: number; least: number } | null;
  /**
   * Ends to expect within the horizon, as of the last look; `null` while too few periods have been seen to end. Reckoned then, because looks are spread over time
   * and a question asks about all cards at once.
   */
  expected: number | null;
  /** The same people came back after the gap before this one. */
  again: boolean;
}

interface Work {
  readonly since: number;
  readonly until: number;
  readonly readings: number;
  /** Readings in which the card computed. */
  readonly busy: number;
}

/** A change of free memory by this share of the card is somebody coming or going. */
const STEP = 0.1;
/** Ages between which the rate is taken as constant, minutes: it falls fast at first. */
const AGES = [0, 1, 2, 4, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 720, Infinity];
/** Factors are learned apart for fresh and for old periods: who comes back at all comes back soon. */
const PHASES = [0, 5, 20, 60, Infinity];
/** Events that a factor is drawn towards 1 with. */
const PRIOR_EVENTS = 3;
const MIN_EVENTS = 20;
/** How finely it is learned how much of a card newcomers take. */
const FALLS = 20;
/** A thousand servers of eight cards need some 20,000; when there are more, the tenth that was used least recently goes. */
const MAX_FACTORS = 40_000;
/** How far ahead it is said how sure a card is. */
const HORIZON_MS = 10 * MINUTE;
/** Who comes takes some minutes to take what is needed; only then it is known how much that was. */
const ARRIVAL_MS = 10 * MINUTE;
/** Not seen for longer, a card may have been used and left in between. */
const LOST_MS = 5 * MINUTE;

/** Of one thing that is known of periods, by phase: ends, and how many the rates without it had led one to expect. */
interface Factor {
  readonly events: number[];
  readonly expected: number[];
}

export class Gaps {
  readonly #rates = new Map<string, Rates>();
  readonly #factors = new Map<string, Factor>();
  readonly #max_factors: number;
  readonly #periods = new Map<string, Period>();
  /** Of the falls of a kind, how many took more than each step: a question asks about thousands of cards. */
  readonly #tails = new Map<string, readonly number[]>();

  constructor(state?: GapsState, max_factors = MAX_FACTORS) {
    this.#max_factors = max_factors;
    for (const [kind, rates] of state?.rates ?? []) this.#rates.set(kind, rates);
    for (const [key, events, expected] of state?.factors ?? []) {
      const end = key.lastIndexOf('|');
      const factor = this.#factors.get(key.slice(0, end)) ?? noFactor();
      this.#factors.set(key.slice(0, end), factor);
      factor.events[Number(key.slice(end + 1))] = events;
      factor.expected[Number(key.slice(end + 1))] = expected;
    }
    for (const [card, period] of state?.periods ?? []) this.#periods.set(card, period);
  }

  /** One look at a card; looks more than five minutes apart say nothing about what was between them. */
  observe(card: string, reading: CardReading, ts: number): void {
    if (reading.memory_total <= 0) return;
    const period = this.#periods.get(card);
    if (!period || ts - period.seen > LOST_MS) {
      this.#look(card, begin(reading, ts), ts);
      return;
    }
    if (ts <= period.seen) return;
    const step = STEP * reading.memory_total;
    const arriving = period.arrival !== null;
    const fell = !arriving && period.most - reading.memory_free >= step;
    const rose = reading.memory_free - (arriving ? period.arrival!.least : period.start) >= step;
    this.#learn(card, period, ts, fell);
    if (fell || rose) {
      this.#settle(period, reading);
      this.#look(card, follow(period, reading, ts, fell), ts);
    } else {
      if (arriving && ts - period.since >= ARRIVAL_MS) this.#settle(period, reading);
      goOn(period, reading, ts);
      this.#look(card, period, ts);
    }
  }

  /**
   * How sure it is, 0–1, that nobody takes more than `spare` (a share of the card, 0–1) of its free memory for ten minutes after the
   * last look; `null` while too few periods have been seen to end.
   */
  chance(card: string, spare: number): number | null {
    const period = this.#periods.get(card);
    // `undefined` in a file of before.
    if (!period || (period.expected ?? null) === null) return null;
    return Math.exp(-period.expected! * shareAbove(this.#tail(kindOf(period)), spare));
  }

  /** Lets go of cards that have not been seen since `before`. */
  forget(before: number): void {
    for (const [card, period] of this.#periods) if (period.seen < before) this.#periods.delete(card);
  }

  state(): GapsState {
    return {
      version: 1,
      rates: [...this.#rates],
      factors: [...this.#factors].flatMap(([key, { events, expected }]) =>
        events.flatMap((count, phase): GapsState['factors'] => (expected[phase]! > 0 ? [[`${key}|${phase}`, count, expected[phase]!]] : [])),
      ),
      periods: [...this.#periods],
    };
  }

  #look(card: string, period: Period, ts: number): void {
    this.#periods.set(card, period);
    const rates = this.#rates.get(kindOf(period));
    period.expected = rates && sum(rates.events) >= MIN_EVENTS ? this.#ahead(card, period, rates, ts, HORIZON_MS) : null;
  }

  #tail(kind: string): readonly number[] {
    const tail = this.#tails.get(kind) ?? tailOf(this.#rates.get(kind)!.falls);
    this.#tails.set(kind, tail);
    return tail;
  }

  #settle(period: Period, { memory_total }: CardReading): void {
    if (!period.arrival) return;
    const { kind, most, least } = period.arrival;
    this.#tails.delete(kind);
    this.#rates.get(kind)!.falls[Math.min(FALLS - 1, Math.floor(((most - least) / memory_total) * FALLS))]! += 1;
    period.arrival = null;
    period.start = period.most = least;
  }

  #learn(card: string, period: Period, ts: number, ended: boolean): void {
    const kind = kindOf(period);
    const rates = this.#rates.get(kind) ?? { events: AGES.map(() => 0), minutes: AGES.map(() => 0), falls: new Array<number>(FALLS).fill(0) };
    this.#rates.set(kind, rates);
    const factors = this.#factorsOf(card, period, ts);
    for (const [age, minutes] of slices(period.seen - period.since, ts - period.since)) {
      const phase = binOf(PHASES, age);
      let expected = minutes * rateAt(rates, age);
      // Each factor is held against what the ones before it explain already, or two that say the same would count twice.
      for (const factor of factors) {
        factor.expected[phase]! += expected;
        expected *= weightOf(factor, phase);
      }
      rates.minutes[binOf(AGES, age)]! += minutes;
    }
    if (!ended) return;
    const age = ts - period.since - 1;
    rates.events[binOf(AGES, age)]! += 1;
    for (const factor of factors) factor.events[binOf(PHASES, age)]! += 1;
  }

  /** Ends to expect in the next `ms`. */
  #ahead(card: string, period: Period, rates: Rates, ts: number, ms: number): number {
    const factors = this.#factorsOf(card, period, ts);
    let events = 0;
    for (const [age, minutes] of slices(ts - period.since, ts - period.since + ms)) {
      const phase = binOf(PHASES, age);
      events += factors.reduce((product, factor) => product * weightOf(factor, phase), minutes * rateAt(rates, age));
    }
    return events;
  }

  #factorsOf(card: string, period: Period, ts: number): Factor[] {
    return features(card, period, ts).map((key) => this.#factor(key));
  }

  /** Names come from outside: the least recently used factors go when there are too many. */
  #factor(key: string): Factor {
    const factor = this.#factors.get(key) ?? noFactor();
    this.#factors.delete(key);
    this.#factors.set(key, factor);
    if (this.#factors.size > this.#max_factors) this.#forgetFactors(this.#max_factors / 10);
    return factor;
  }

  /** Many at once: a map walks over all that was deleted at its front before it finds its oldest key. */
  #forgetFactors(count: number): void {
    for (const key of this.#factors.keys()) {
      if (count-- <= 0) return;
      this.#factors.delete(key);
    }
  }
}

const noFactor = (): Factor => ({ events: PHASES.slice(1).map(() => 0), expected: PHASES.slice(1).map(() => 0) });
const weightOf = ({ events, expected }: Factor, phase: number): number => (events[phase]! + PRIOR_EVENTS) / (expected[phase]! + PRIOR_EVENTS);

/** Events per minute. A rate nobody has seen is the mean of all ages. */
function rateAt({ events, minutes }: Rates, age: number): number {
  const all = sum(events) / Math.max(1, sum(minutes));
  const bin = binOf(AGES, age);
  return (events[bin]! + all) / (minutes[bin]! + 1);
}

const kindOf = (period: Period): string => (period.empty ? 'empty' : 'shared');

/** What is known of a period, from the general to the particular. `card` is server/id. */
function features(card: string, period: Period, ts: number): string[] {
  const { since, until, readings, busy } = period.work;
  const length = readings === 0 ? 'none' : String(binOf([0, 20, 90, 240, Infinity], until - since));
  const idle = busy < readings / 2 ? 'idle' : 'busy';
  const kind = kindOf(period);
  const server = card.slice(0, card.lastIndexOf('/'));
  return [`${kind} hour ${hourOf(ts)}`, `${kind} work ${length} ${idle} ${period.again}`, `${kind} server ${server}`, `${kind} card ${card}`, `${kind} user ${period.who}`];
}

/** Working days and weekends have their own hours. UTC: all that matters is that it repeats. */
function hourOf(ts: number): string {
  const day = Math.floor(ts / (24 * HOUR) + 4) % 7;
  return `${day === 0 || day === 6 ? 'w' : 'd'}${Math.floor(ts / HOUR) % 24}`;
}

const isEmpty = (reading: CardReading): boolean => reading.memory_total - reading.memory_free < STEP * reading.memory_total;
const nameOf = (reading: CardReading): string => [...reading.users].sort().join(',');

function begin(reading: CardReading, ts: number): Period {
  const work = { since: ts, until: ts, readings: 0, busy: 0 };
  return { since: ts, seen: ts, start: reading.memory_free, most: reading.memory_free, empty: isEmpty(reading), who: nameOf(reading), work, arrival: null, again: false, expected: null };
}

function follow(before: Period, reading: CardReading, ts: number, fell: boolean): Period {
  const next = begin(reading, ts);
  if (fell) next.arrival = { kind: kindOf(before), most: before.most, least: reading.memory_free };
  if (next.empty) return { ...next, who: before.who, work: before.work, again: before.again };
  if (before.empty && fell) return { ...next, again: before.work.readings > 0 && next.who === before.who && before.who !== '' };
  return { ...next, work: before.work, again: before.again };
}

function goOn(period: Period, reading: CardReading, ts: number): void {
  period.seen = ts;
  period.most = Math.max(period.most, reading.memory_free);
  if (period.arrival) period.arrival.least = Math.min(period.arrival.least, reading.memory_free);
  if (period.empty) return;
  period.who = nameOf(reading) || period.who;
  const { since, readings, busy } = period.work;
  period.work = { since, until: ts, readings: readings + 1, busy: busy + ((reading.utilization ?? 0) >= 5 ? 1 : 0) };
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** At each place the sum from there on. */
function tailOf(falls: readonly number[]): number[] {
  const tail = [...falls, 0];
  for (let bin = FALLS - 1; bin >= 0; bin--) tail[bin]! += tail[bin + 1]!;
  return tail;
}

/** Share of the falls that took more than `spare`; within a bin they are taken as even. */
function shareAbove(tail: readonly number[], spare: number): number {
  const at = Math.min(FALLS, Math.max(0, spare * FALLS));
  const next = Math.min(FALLS, Math.floor(at) + 1);
  const above = tail[next]! + (tail[next - 1]! - tail[next]!) * (next - at);
  return (above + 1) / (tail[0]! + 1);
}

/** The bin that an age in milliseconds falls into. */
function binOf(edges: readonly number[], age: number): number {
  const minutes = age / MINUTE;
  let bin = 0;
  while (bin + 1 < edges.length - 1 && minutes >= edges[bin + 1]!) bin++;
  return bin;
}

/** Cuts a span of ages at the edges: pairs of an age within the bin and the minutes spent in it. */
function slices(from: number, to: number): [age: number, minutes: number][] {
  const cut: [number, number][] = [];
  for (let at = from; at < to; ) {
    const end = Math.min(to, AGES[binOf(AGES, at) + 1]! * MINUTE);
    cut.push([at, (end - at) / MINUTE]);
    at = end;
  }
  return cut;
}
