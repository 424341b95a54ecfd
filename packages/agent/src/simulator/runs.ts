import { HOUR, MINUTE } from '@vacancy/shared/plain';
import { MIX_WITH_CARDS, USERS, WORK, type Kind, type Work } from './catalogue.js';
import type { Era } from './era.js';
import { Dice, mix, unit } from './random.js';
import { activity, type SimulatedServer } from './server.js';

/** One program that runs on a server for a while, on some of its cards. */
export interface Run {
  readonly key: number;
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  readonly user: string;
  readonly command: string;
  readonly pid: number;
  readonly cards: readonly number[];
  /** Bytes it holds on each of its cards. */
  readonly card_memory: number;
  readonly utilization: number;
  readonly cpu: number;
  readonly memory: number;
}

/** Sittings that would start per card and hour if everybody were at work and a card were always free. */
const SITTINGS_PER_CARD_HOUR = 0.16;
const SITTINGS_PER_HOUR_WITHOUT_CARDS = 1.2;

/** Everything that runs in an era, by the time it starts. People come when they are awake, and go away when no card is free. */
export function planRuns(server: SimulatedServer, era: Era): Run[] {
  const dice = new Dice(mix(era.key, 0x10b));
  const { cards, demand, mix: wishes = MIX_WITH_CARDS } = server.profile;
  const busy_until = new Array<number>(cards).fill(0);
  const pause = HOUR / (demand * (cards ? cards * SITTINGS_PER_CARD_HOUR : SITTINGS_PER_HOUR_WITHOUT_CARDS));
  const runs: Run[] = [];
  for (let ts = era.from + dice.exponential(pause); ts < era.to; ts += dice.exponential(pause)) {
    if (dice.unit() > activity(server, ts)) continue;
    const kind = cards ? dice.weighted(wishes) : 'batch';
    const taken = freeCards(busy_until, ts, Number(dice.weighted(WORK[kind].cards)));
    if (!taken) continue;
    const sitting = sit(server, era, dice, { kind, ts, cards: taken });
    const end = sitting.at(-1)?.to ?? ts;
    for (const id of taken) busy_until[id] = end;
    runs.push(...sitting);
  }
  return runs.sort((a, b) => a.from - b.from);
}

/** The lowest free cards, as people take them who don't look further. */
function freeCards(busy_until: readonly number[], ts: number, wanted: number): number[] | null {
  const count = Math.min(wanted, busy_until.length);
  const free = busy_until.flatMap((until, id) => (until <= ts ? [id] : []));
  return free.length >= count ? free.slice(0, count) : null;
}

/** One person's runs one after the other on the same cards, until done or until the server goes down. */
function sit(server: SimulatedServer, era: Era, dice: Dice, start: { kind: Kind; ts: number; cards: number[] }): Run[] {
  const work = WORK[start.kind];
  const count = Math.round(dice.between(...work.runs));
  const common = { ...shape(server, work, dice, start.cards.length), user: userOf(server, dice), kind: start.kind, cards: start.cards };
  const runs: Run[] = [];
  let from = start.ts;
  while (runs.length < count && from < era.to) {
    const to = Math.min(era.to, from + Math.max(MINUTE, dice.lognormal(work.length, work.spread)));
    const key = mix(era.key, Math.floor(from / 1000) ^ (start.cards[0] ?? 0));
    runs.push({ ...common, key, pid: 2000 + (key % 4_000_000), from: Math.floor(from), to: Math.floor(to) });
    from = to + dice.lognormal(work.gap, 0.7);
  }
  return runs;
}

function shape(server: SimulatedServer, work: Work, dice: Dice, cards: number) {
  const { model, memory } = server.profile;
  return {
    command: dice.pick(work.commands),
    card_memory: Math.round((model?.memory ?? 0) * dice.between(...work.card_memory)),
    utilization: dice.between(...work.utilization),
    cpu: dice.between(...work.cpu) * Math.max(1, cards),
    memory: Math.round(memory * dice.between(...work.memory) * Math.max(1, cards)),
  };
}

/** Every server has its regulars: two thirds of the work comes from five people. */
function userOf(server: SimulatedServer, dice: Dice): string {
  const regular = dice.unit() < 0.66;
  const slot = Math.floor(dice.unit() * 5);
  const index = regular ? Math.floor(unit(server.key, 0x05e4 + slot) * USERS.length) : Math.floor(dice.unit() * USERS.length);
  return USERS[index]!;
}

/** Finds what runs at a moment without looking at the rest: one list of runs per hour of the era. */
export class RunIndex {
  readonly #from: number;
  readonly #hours: Run[][] = [];

  constructor(era: Era, runs: readonly Run[]) {
    this.#from = era.from;
    for (const run of runs)
      for (let hour = this.#hour(run.from); hour <= this.#hour(run.to); hour++) (this.#hours[hour] ??= []).push(run);
  }

  at(ts: number): Run[] {
    return (this.#hours[this.#hour(ts)] ?? []).filter((run) => run.from <= ts && ts < run.to);
  }

  #hour(ts: number): number {
    return Math.floor((ts - this.#from) / HOUR);
  }
}
