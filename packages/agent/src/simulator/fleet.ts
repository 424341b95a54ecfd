import type { Inventory, Sample } from '@vacancy/shared/plain';
import { eraAt } from './era.js';
import { createChapter, sampleOf, type Chapter } from './sample.js';
import { describeServer, type SimulatedServer } from './server.js';

export interface FleetOptions {
  readonly servers: number;
  /** Same seed, same data. */
  readonly seed?: number;
  /** Local time minus UTC; this machine's offset when absent, so that nights on the page are nights. */
  readonly utc_offset_ms?: number;
}

export interface HistoryOptions {
  /** Unix ms, included. */
  readonly from: number;
  /** Unix ms, left out. */
  readonly to: number;
  readonly interval_ms: number;
}

/** Servers that exist only as a function of time: every sample of any moment, in any order, without a walk through the past. */
export interface Fleet {
  readonly servers: readonly string[];
  /** Marked `simulated`; the same for ever. */
  readonly inventories: readonly Inventory[];
  /** The sample that ends at `ts`; `null` while the server is down. One name (`boot_id`, `seq`) per whole interval: call it on multiples of `interval_ms`. */
  sampleAt(server: string, ts: number, interval_ms: number): Sample | null;
  /** All samples in the order of time, on multiples of `interval_ms`; what live runs send is its continuation. */
  history(options: HistoryOptions): Generator<Sample, void, undefined>;
}

export function createFleet(options: FleetOptions): Fleet {
  const seed = (options.seed ?? 1) >>> 0;
  const offset = options.utc_offset_ms ?? machineOffset();
  const members = Array.from({ length: options.servers }, (_, index) => new Member(describeServer(seed, index, offset), `sim-${seed.toString(36)}`));
  const byId = new Map(members.map((member) => [member.server.server, member]));
  return {
    servers: [...byId.keys()],
    inventories: members.map((member) => member.server.inventory),
    sampleAt(server, ts, interval_ms) {
      const member = byId.get(server);
      if (!member) throw new RangeError(`no simulated server ${server}`);
      return member.sampleAt(ts, interval_ms);
    },
    *history({ from, to, interval_ms }) {
      for (let ts = Math.ceil(from / interval_ms) * interval_ms; ts < to; ts += interval_ms)
        for (const member of members) {
          const sample = member.sampleAt(ts, interval_ms);
          if (sample) yield sample;
        }
    },
  };
}

/** The offset of January, so that data of one seed doesn't shift with daylight saving. */
const machineOffset = (): number => -new Date(2026, 0, 1).getTimezoneOffset() * 60_000;

/** A server with the chapter it was last asked about: time mostly goes on, a chapter costs a few milliseconds to plan. */
class Member {
  readonly server: SimulatedServer;
  readonly #name: string;
  #chapter: Chapter | null = null;
  #until = 0;

  constructor(server: SimulatedServer, name: string) {
    this.server = server;
    this.#name = name;
  }

  sampleAt(ts: number, interval_ms: number): Sample | null {
    return sampleOf(this.server, this.#chapterAt(ts), ts, interval_ms, this.#name);
  }

  #chapterAt(ts: number): Chapter {
    const known = this.#chapter;
    if (known && ts >= known.era.from && ts < this.#until) return known;
    const era = eraAt(this.server, ts);
    if (known?.era.index === era.index) return known;
    this.#until = era.to;
    return (this.#chapter = createChapter(this.server, era));
  }
}
