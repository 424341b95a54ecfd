import { MINUTE } from '@vacancy/shared/plain';
import type { Era } from './era.js';
import { mix, unit } from './random.js';
import { activity, type SimulatedServer } from './server.js';

const STEP = 15 * MINUTE;
/** Whole cycles per step, so that the swing adds up to nothing at a step's end; amplitudes sum to less than 1: never backwards. */
const SWINGS = [[3, 0.4], [11, 0.3], [47, 0.25]] as const;

/** Bytes that went through since boot: monotonic within an era, at any moment without a walk through it. */
export class TrafficCounter {
  readonly #server: SimulatedServer;
  readonly #era: Era;
  readonly #key: number;
  readonly #mean: number;
  /** Bytes at the start of each step, filled as far as it was asked for. */
  readonly #totals: number[] = [0];

  /** @param mean bytes per second on an ordinary working day. */
  constructor(server: SimulatedServer, era: Era, direction: number, mean: number) {
    this.#server = server;
    this.#era = era;
    this.#key = mix(era.key, direction);
    this.#mean = mean;
  }

  at(ts: number): number {
    const since = ts - this.#era.from;
    const step = Math.floor(since / STEP);
    const part = since / STEP - step;
    return Math.floor(this.#total(step) + this.#bytes(step) * swing(mix(this.#key, step), part));
  }

  #total(step: number): number {
    for (let last = this.#totals.length - 1; last < step; last++) this.#totals.push(this.#totals[last]! + this.#bytes(last));
    return this.#totals[step]!;
  }

  /** Mostly a trickle with the day's rhythm; one step in twelve copies a data set. */
  #bytes(step: number): number {
    const lively = 0.1 + activity(this.#server, this.#era.from + step * STEP);
    const chance = unit(this.#key, step);
    const factor = chance < 1 / 12 ? 4 + 60 * chance : 0.2 + 0.6 * chance;
    return this.#mean * lively * factor * (STEP / 1000);
  }
}

function swing(key: number, part: number): number {
  let x = part;
  for (const [cycles, amplitude] of SWINGS) x += (amplitude * unit(key, cycles) * Math.sin(2 * Math.PI * cycles * part)) / (2 * Math.PI * cycles);
  return x;
}
