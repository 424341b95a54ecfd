import { MINUTE, OCCUPIED_IDLE_UTILIZATION, OCCUPIED_SHARE, type GpuSample } from '@vacancy/shared';
import { NO_INCREASE, increase, type Increase } from '../ingest/counters.js';
import type { Received } from '../ingest/decode.js';

/** An increase that a late sample takes back from the sample that had ended its gap. */
export interface Correction extends Increase {
  readonly ts: number;
  readonly boot_id: string;
  readonly seq: number;
}

/** A sample as it is stored: with what it adds to what was known before it. */
export interface Booked extends Increase {
  readonly sample: Received;
  readonly corrections: readonly Correction[];
  /** By position in `sample.gpus`: memory held while utilisation stayed under 5 % for five minutes. */
  readonly occupied_idle: readonly boolean[];
}

/** `duplicate`: stored before. `forgotten`: so late that nobody knows any more whether it was. */
export type Booking = Booked | 'duplicate' | 'forgotten';

/** What an edge of an interval must remember for its neighbour's increase. */
interface Edge {
  readonly seq: number;
  readonly ts: number;
  readonly uptime_s: number;
  readonly network_in: number;
  readonly network_out: number;
  /** Absent where it was booked by a version that kept no time beside the increase: there is none to take back. */
  readonly timed?: boolean;
}

/** Samples seen without a gap between them. */
interface Interval {
  first: Edge;
  last: Edge;
}

/** One run of an agent's sequence. */
interface Run {
  readonly boot_id: string;
  /** `ts` of the sample that was seen first: the order of a server's runs, fixed at first sight. */
  readonly since: number;
  readonly intervals: Interval[];
  /** Up to here gaps were closed to save memory: what comes for one may have been stored or not. */
  floor: number;
  /** By card. A run arrives in order even while another one does, as a backlog beside the live samples: each keeps its own. */
  readonly cards: Record<number, Streak>;
}

interface Streak {
  /** Since when the card is occupied but idle; null while it is not. */
  since: number | null;
  /** The newest sample that was judged. */
  last: number;
}

interface ServerState {
  readonly runs: Run[];
}

export interface LedgerLimits {
  readonly runs_per_server: number;
  readonly intervals_per_run: number;
}

export interface LedgerState {
  readonly servers: Record<string, ServerState>;
  readonly forgotten: number;
}

const DEFAULT_LIMITS: LedgerLimits = { runs_per_server: 32, intervals_per_run: 1024 };
const OCCUPIED_IDLE_MS = 5 * MINUTE;

/**
 * Remembers which samples were stored: per server and run of its agent the intervals of seen sequence numbers, with the
 * counters at their edges. From that follow, exactly and in any order of arrival:
 *
 * - duplicates, also beyond the broker's duplicate window;
 * - the counters' increases, and the time over which they grew. A sample's increase is against its predecessor in (run, seq). One that arrives late splits a
 *   gap: it books its own increase, and its successor, which had booked the gap's whole increase, is corrected;
 * - what is missing: the gaps.
 *
 * Only the edges of intervals can have a neighbour that is not known yet, so the state is as large as the gaps are many.
 * It is bounded: beyond the limits the oldest gap is closed, and a sample that comes for it after all is `forgotten`.
 */
export class Ledger {
  readonly #servers: Map<string, ServerState>;
  readonly #limits: LedgerLimits;
  #forgotten: number;

  constructor(state: LedgerState = { servers: {}, forgotten: 0 }, limits: LedgerLimits = DEFAULT_LIMITS) {
    this.#servers = new Map(Object.entries(structuredClone(state.servers)));
    this.#forgotten = state.forgotten;
    this.#limits = limits;
  }

  book(sample: Received): Booking {
    const server = this.#server(sample.server);
    const run = findRun(server, sample, this.#limits.runs_per_server);
    if (!run || sample.seq <= run.floor) {
      this.#forgotten++;
      return 'forgotten';
    }
    const at = place(run.intervals, sample.seq);
    if (at === 'seen') return 'duplicate';
    const edge = edgeOf(sample);
    const before = previousEdge(server, run, at);
    const after = nextEdge(server, run, at);
    insert(run.intervals, at, edge);
    this.#bound(server, run);
    return {
      sample,
      ...grownSince(before, { run, edge }),
      corrections: after ? corrections(before, { run, edge }, after) : [],
      occupied_idle: sample.gpus.map((gpu) => occupiedIdle(server, run, gpu, sample)),
    };
  }

  /** Samples missing between the first and the last seen, over all runs, by server; servers without gaps are left out. */
  missing(): Record<string, number> {
    const missing: Record<string, number> = {};
    for (const [server, { runs }] of this.#servers) {
      const count = runs.reduce((sum, run) => sum + missingIn(run.intervals), 0);
      if (count > 0) missing[server] = count;
    }
    return missing;
  }

  /** For the journal. Shared with the ledger, not a copy: write it out before the next `book`. */
  state(): LedgerState {
    return { servers: Object.fromEntries(this.#servers), forgotten: this.#forgotten };
  }

  /** A state from the edges of the intervals, in the order of server, run and sequence; cards begin without a history. */
  static fromEdges(edges: Iterable<Omit<Edge, 'timed'> & { server: string; boot_id: string; opens: unknown; closes: unknown; timed: unknown }>): LedgerState {
    const servers: Record<string, ServerState> = {};
    for (const { server, boot_id, opens, closes, seq, ts, uptime_s, network_in, network_out, timed } of edges) {
      const edge: Edge = { seq, ts, uptime_s, network_in, network_out, timed: Boolean(timed) };
      const { runs } = (servers[server] ??= { runs: [] });
      let run = runs.find((known) => known.boot_id === boot_id);
      if (!run) runs.push((run = { boot_id, since: ts, intervals: [], floor: -1, cards: {} }));
      if (opens) run.intervals.push({ first: edge, last: edge });
      if (closes) run.intervals.at(-1)!.last = edge;
    }
    for (const { runs } of Object.values(servers)) runs.sort((a, b) => a.since - b.since);
    return { servers, forgotten: 0 };
  }

  #server(id: string): ServerState {
    let server = this.#servers.get(id);
    if (!server) this.#servers.set(id, (server = { runs: [] }));
    return server;
  }

  #bound(server: ServerState, run: Run): void {
    if (run.intervals.length > this.#limits.intervals_per_run) {
      const [oldest, next] = run.intervals as [Interval, Interval];
      run.intervals.splice(0, 2, { first: oldest.first, last: next.last });
      run.floor = next.first.seq - 1;
    }
    if (server.runs.length > this.#limits.runs_per_server) server.runs.shift();
  }
}

const edgeOf = ({ seq, ts, uptime_s, network_in, network_out }: Received): Edge => ({ seq, ts, uptime_s, network_in, network_out, timed: true });

/** The sample's run, new in its place when it is not known; `undefined` when it is older than all that are remembered. */
function findRun(server: ServerState, sample: Received, limit: number): Run | undefined {
  const known = server.runs.find((run) => run.boot_id === sample.boot_id);
  if (known) return known;
  const run: Run = { boot_id: sample.boot_id, since: sample.ts, intervals: [], floor: -1, cards: {} };
  const later = server.runs.findIndex((other) => other.since > run.since);
  if (later === 0 && server.runs.length >= limit) return undefined;
  server.runs.splice(later < 0 ? server.runs.length : later, 0, run);
  return run;
}

/** The index of the first interval after `seq`, or `seen`. The newest is looked at first: samples mostly arrive in order. */
function place(intervals: readonly Interval[], seq: number): number | 'seen' {
  for (let i = intervals.length; i > 0; i--) {
    const interval = intervals[i - 1]!;
    if (seq > interval.last.seq) return i;
    if (seq >= interval.first.seq) return 'seen';
  }
  return 0;
}

interface Place {
  readonly run: Run;
  readonly edge: Edge;
}

function previousEdge(server: ServerState, run: Run, at: number): Place | undefined {
  if (at > 0) return { run, edge: run.intervals[at - 1]!.last };
  for (let i = server.runs.indexOf(run) - 1; i >= 0; i--) {
    const other = server.runs[i]!;
    const last = other.intervals.at(-1);
    if (last) return { run: other, edge: last.last };
  }
  return undefined;
}

function nextEdge(server: ServerState, run: Run, at: number): Place | undefined {
  if (at < run.intervals.length) return { run, edge: run.intervals[at]!.first };
  for (let i = server.runs.indexOf(run) + 1; i < server.runs.length; i++) {
    const other = server.runs[i]!;
    if (other.intervals.length > 0) return { run: other, edge: other.intervals[0]!.first };
  }
  return undefined;
}

function insert(intervals: Interval[], at: number, edge: Edge): void {
  const left = intervals[at - 1];
  const right = intervals[at];
  const joinsLeft = left?.last.seq === edge.seq - 1;
  const joinsRight = right?.first.seq === edge.seq + 1;
  if (joinsLeft && joinsRight) {
    left!.last = right!.last;
    intervals.splice(at, 1);
  } else if (joinsLeft) left!.last = edge;
  else if (joinsRight) right!.first = edge;
  else intervals.splice(at, 0, { first: edge, last: edge });
}

/** The first sample of a server has nothing to increase from. */
const grownSince = (before: Place | undefined, at: Place): Increase =>
  before ? increase(reading(before), reading(at)) : NO_INCREASE;

const reading = ({ run, edge }: Place) => ({ boot_id: run.boot_id, ...edge });

function corrections(before: Place | undefined, place: Place, after: Place): Correction[] {
  const was = grownSince(before, after);
  const is = grownSince(place, after);
  const change: Increase = {
    network_down_bytes: is.network_down_bytes - was.network_down_bytes,
    network_up_bytes: is.network_up_bytes - was.network_up_bytes,
    network_down_known_ms: after.edge.timed ? is.network_down_known_ms - was.network_down_known_ms : 0,
    network_up_known_ms: after.edge.timed ? is.network_up_known_ms - was.network_up_known_ms : 0,
  };
  if (Object.values(change).every((by) => by === 0)) return [];
  return [{ ts: after.edge.ts, boot_id: after.run.boot_id, seq: after.edge.seq, ...change }];
}

const missingIn = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, interval, i) => (i === 0 ? 0 : sum + interval.first.seq - intervals[i - 1]!.last.seq - 1), 0);

/** By event time. A late sample of a run is judged by the streak that it falls into and changes none. */
function occupiedIdle(server: ServerState, run: Run, gpu: GpuSample, sample: Received): boolean {
  const now = isOccupied(gpu) && gpu.utilization !== undefined && gpu.utilization < OCCUPIED_IDLE_UTILIZATION;
  const { ts, interval_ms } = sample;
  const card = (run.cards[gpu.id] ??= inherited(server, run, gpu.id, ts));
  if (ts >= card.last) {
    const silent = ts - card.last > Math.max(OCCUPIED_IDLE_MS, 3 * interval_ms);
    card.since = now ? ((silent ? null : card.since) ?? ts - interval_ms) : null;
    card.last = ts;
  }
  return now && card.since !== null && ts - card.since >= OCCUPIED_IDLE_MS;
}

/** A new run of the agent goes on where the run before it ended. */
function inherited({ runs }: ServerState, run: Run, gpu: number, ts: number): Streak {
  const before = runs.slice(0, runs.indexOf(run)).findLast((other) => other.cards[gpu] && other.cards[gpu].last <= ts)?.cards[gpu];
  return before ? { ...before } : { since: null, last: ts };
}

const isOccupied = (gpu: GpuSample): boolean => gpu.memory_used >= OCCUPIED_SHARE * gpu.memory_total;
