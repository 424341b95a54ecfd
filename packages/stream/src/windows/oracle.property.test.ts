import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { GIB, OCCUPIED_IDLE_UTILIZATION, OCCUPIED_SHARE, type GpuSample, type IdleRate, type Millis } from '@vacancy/shared';
import type { Received } from '../ingest/decode.js';
import { FleetWindows } from './fleet.js';
import type { CardStats, FleetWindow, Outcome } from './stats.js';

// The engine against the plainest thing that could be right: keep every sample in a list, and for each question sort and
// scan it again. The oracle shares no code with the engine.

const LENGTHS = { short: 5_000, middle: 20_000, long: 60_000 } as const;
type Label = keyof typeof LENGTHS;
const LABELS = Object.keys(LENGTHS) as Label[];
const UTILIZATION_LABELS: Label[] = ['middle', 'long'];
const LONGEST = 60_000;
const LATENESS = 3_000;
const IDLE = { free_bytes: 8 * GIB, used_share: 0.1 };

interface OracleServer {
  accepted: Received[];
  now: Millis;
  /** What leaves early because there was too much of it lies up to here. */
  floor: Millis;
}

class Oracle {
  readonly servers = new Map<string, OracleServer>();
  readonly max_samples: number;
  clock = -Infinity;

  constructor(max_samples: number) {
    this.max_samples = max_samples;
  }

  record(sample: Received): Outcome {
    const known = this.servers.get(sample.server);
    const server = known ?? { accepted: [], now: this.clock, floor: -Infinity };
    if (sample.ts <= Math.max(server.now - LONGEST, server.floor)) return 'late';
    if (server.accepted.some((other) => other.boot_id === sample.boot_id && other.seq === sample.seq)) return 'duplicate';
    if (server.accepted.some((other) => sample.ts < other.ts - LATENESS)) return 'late';
    server.accepted.push(sample);
    server.now = Math.max(server.now, sample.ts);
    this.servers.set(sample.server, server);
    const held = this.inside(server, LONGEST);
    if (held.length > this.max_samples) server.floor = held[0]!.ts;
    return 'recorded';
  }

  advance(now: Millis): void {
    if (now <= this.clock) return;
    this.clock = now;
    for (const [id, server] of this.servers) {
      server.now = Math.max(server.now, now);
      if (this.inside(server, LONGEST).length === 0) this.servers.delete(id);
    }
  }

  inOrder(server: OracleServer): Received[] {
    return server.accepted.sort((a, b) => a.ts - b.ts || (a.boot_id < b.boot_id ? -1 : a.boot_id > b.boot_id ? 1 : a.seq - b.seq));
  }

  inside(server: OracleServer, length: Millis): Received[] {
    return this.inOrder(server).filter((sample) => sample.ts > Math.max(server.now - length, server.floor));
  }

  read(id: string) {
    const server = this.servers.get(id);
    if (!server) return null;
    const ids = new Set(this.inside(server, LONGEST).flatMap((sample) => sample.gpus.map((gpu) => gpu.id)));
    const gpus = new Map([...ids].map((gpu) => [gpu, record((label) => this.card(server, gpu, label))]));
    const windows = record((label) => {
      const samples = this.inside(server, LENGTHS[label]);
      const cpus = samples.map((sample) => sample.cpu);
      return {
        cpu_median: median(cpus),
        cpu_mean: mean(samples.map((sample) => [sample.cpu, sample.interval_ms])),
        cpu_min: cpus.length ? Math.min(...cpus) : null,
        cpu_max: cpus.length ? Math.max(...cpus) : null,
        coverage: Math.min(1, total(samples.map((sample) => sample.interval_ms)) / LENGTHS[label]),
        idle_rate: meanRate([...gpus.values()].map((card) => card[label].idle_rate)),
      };
    });
    return { windows, gpus };
  }

  network(id: string) {
    const server = this.servers.get(id);
    return server ? record((label) => this.rates(server, LENGTHS[label])) : null;
  }

  rates(server: OracleServer, length: Millis) {
    const all = this.inOrder(server);
    const rate = (field: 'network_in' | 'network_out') => {
      let bytes = 0;
      let ms = 0;
      for (const sample of this.inside(server, length)) {
        const before = all[all.indexOf(sample) - 1];
        if (!before) continue;
        const rebooted = before.boot_id !== sample.boot_id || sample.uptime_s < before.uptime_s;
        if (sample[field] < before[field] && !rebooted) continue;
        bytes += sample[field] < before[field] ? sample[field] : sample[field] - before[field];
        ms += sample.ts - before.ts;
      }
      return ms > 0 ? (bytes / ms) * 1000 : null;
    };
    return { network_up: rate('network_out'), network_down: rate('network_in') };
  }

  card(server: OracleServer, id: number, label: Label): CardStats {
    const length = LENGTHS[label];
    const seen = this.inside(server, length).flatMap((sample) => sample.gpus.filter((gpu) => gpu.id === id).map((gpu) => ({ gpu, ms: sample.interval_ms })));
    const observed = total(seen.map(({ ms }) => ms));
    const share = (idle: (gpu: GpuSample) => boolean) => (observed > 0 ? total(seen.filter(({ gpu }) => idle(gpu)).map(({ ms }) => ms)) / observed : null);
    const known = seen.filter(({ gpu }) => gpu.utilization !== undefined);
    const coverage = Math.min(1, observed / length);
    return {
      coverage,
      idle_rate: {
        free8g: share((gpu) => gpu.memory_total - gpu.memory_used > IDLE.free_bytes),
        used10pct: share((gpu) => gpu.memory_used < IDLE.used_share * gpu.memory_total),
      },
      utilization_median: UTILIZATION_LABELS.includes(label) ? median(known.map(({ gpu }) => gpu.utilization!)) : null,
      occupied_idle:
        coverage >= 0.9 &&
        seen.every(({ gpu }) => gpu.memory_used >= OCCUPIED_SHARE * gpu.memory_total && gpu.utilization !== undefined && gpu.utilization < OCCUPIED_IDLE_UTILIZATION),
    };
  }

  /** `cpu_mean` is the engine's, compared with the oracle's before: means that differ in their last bit only have no true order. */
  fleet(label: Label, cpu_mean: (id: string) => number): FleetWindow {
    const reads = [...this.servers.keys()].map((id) => ({ id, ...this.read(id)! }));
    const ranked = reads
      .filter(({ windows }) => windows[label].coverage >= 0.5)
      .map(({ id }) => ({ server: id, cpu_mean: cpu_mean(id) }));
    const by = (sign: number) => [...ranked].sort((a, b) => sign * (a.cpu_mean - b.cpu_mean) || (a.server < b.server ? -1 : 1))[0] ?? null;
    return { idle_rate: meanRate(reads.flatMap(({ gpus }) => [...gpus.values()].map((card) => card[label].idle_rate))), busy_server: by(-1), idle_server: by(1) };
  }
}

const record = <T>(of: (label: Label) => T) => Object.fromEntries(LABELS.map((label) => [label, of(label)])) as Record<Label, T>;
const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

function median(values: number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return null;
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function mean(pairs: [number, number][]): number | null {
  const weight = total(pairs.map(([, w]) => w));
  return weight > 0 ? total(pairs.map(([x, w]) => x * w)) / weight : null;
}

function meanRate(rates: IdleRate[]): IdleRate {
  const known = rates.filter((rate) => rate.free8g !== null);
  const of = (key: keyof IdleRate) => (known.length ? total(known.map((rate) => rate[key]!)) / known.length : null);
  return { free8g: of('free8g'), used10pct: of('used10pct') };
}

/** Every number within 1e-9 of the oracle's, relative to its size. */
function expectSame(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected === 'number' && typeof actual === 'number') {
    if (Math.abs(actual - expected) > 1e-9 * Math.max(1, Math.abs(expected))) throw new Error(`${path}: ${actual}, oracle ${expected}`);
    return;
  }
  if (expected === null || typeof expected !== 'object' || actual === null || typeof actual !== 'object') {
    if (actual !== expected) throw new Error(`${path}: ${String(actual)}, oracle ${String(expected)}`);
    return;
  }
  const [left, right] = [actual, expected].map((value) => new Map<unknown, unknown>(value instanceof Map ? value : Object.entries(value))) as [Map<unknown, unknown>, Map<unknown, unknown>];
  const keys = new Set([...left.keys(), ...right.keys()]);
  for (const key of keys) {
    if (!left.has(key) || !right.has(key)) throw new Error(`${path}.${String(key)}: only ${left.has(key) ? 'the engine' : 'the oracle'} has it`);
    expectSame(left.get(key), right.get(key), `${path}.${String(key)}`);
  }
}

/** What is counted or picked, not summed, agrees to the bit. */
function expectBitwise<T extends object>(actual: T, expected: T, keys: readonly (keyof T)[], path: string): void {
  for (const key of keys) if (actual[key] !== expected[key]) throw new Error(`${path}.${String(key)}: ${String(actual[key])}, oracle ${String(expected[key])}`);
}

function expectExact(windows: FleetWindows<Label, Label>, oracle: Oracle, id: string): void {
  const read = windows.server(id);
  const actual = read && { windows: read.windows, gpus: read.gpus };
  const expected = oracle.read(id);
  expectSame(actual, expected, id);
  expectSame(windows.network(id), oracle.network(id), `${id}.network`);
  if (!actual || !expected) return;
  for (const label of LABELS) {
    expectBitwise(actual.windows[label], expected.windows[label], ['cpu_median', 'cpu_min', 'cpu_max', 'coverage'], `${id}.${label}`);
    for (const [gpu, card] of actual.gpus) {
      const [one, other] = [card[label], expected.gpus.get(gpu)![label]];
      expectBitwise(one, other, ['utilization_median', 'occupied_idle', 'coverage'], `${id}.${gpu}.${label}`);
      expectBitwise(one.idle_rate, other.idle_rate, ['free8g', 'used10pct'], `${id}.${gpu}.${label}.idle_rate`);
    }
  }
}

// ── Random streams ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const START = 1_762_000_000_000;

const gpu = fc.record(
  {
    memory_total: fc.constant(24 * GIB),
    memory_used: fc.oneof(fc.constantFrom(0, 2.4 * GIB, 3 * GIB, 16 * GIB, 24 * GIB), fc.integer({ min: 0, max: 24 * GIB })),
    utilization: fc.oneof(fc.constantFrom(0, 3, 4, 5, 100), fc.integer({ min: 0, max: 100 })),
  },
  { requiredKeys: ['memory_total', 'memory_used'] },
);

const step = fc.record({
  server: fc.constantFrom('a', 'b', 'c'),
  /** Since the server's sample before: the same moment, a beat, a jitter, a gap, a silence in which the server is forgotten. */
  after: fc.oneof(
    { weight: 10, arbitrary: fc.constant(1_000) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 7_000, 25_000, 61_000, 90_000) },
  ),
  interval_ms: fc.oneof({ weight: 5, arbitrary: fc.constant(1_000) }, { weight: 1, arbitrary: fc.constantFrom(1, 500, 10_000, 90_000) }),
  /** On the way: mostly none, within the lateness, just at it, beyond it. */
  delay: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.integer({ min: 0, max: 3_000 }) }, { weight: 1, arbitrary: fc.constantFrom(2_999, 3_000, 3_001, 8_000, 70_000) }),
  /** Sent again this much later; -1: only once. */
  again: fc.oneof({ weight: 6, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.constantFrom(0, 500, 5_000, 65_000) }),
  cpu: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(0, 31.9)),
  sent: fc.integer({ min: 0, max: 1e9 }),
  event: fc.oneof({ weight: 20, arbitrary: fc.constant('none') }, { weight: 1, arbitrary: fc.constantFrom('reboot', 'agent', 'wrapped', 'uptime') }),
  /** Cards come and go: at each sample any of these is there or not. */
  gpus: fc.record({ 0: fc.option(gpu, { freq: 8 }), 1: fc.option(gpu, { freq: 3 }), 7: fc.option(gpu, { freq: 1 }) }),
  /** What the clock says when the sample arrives, relative to its time; null: nobody looks. */
  clock: fc.option(fc.integer({ min: -2_000, max: 6_000 }), { freq: 2 }),
});
type Step = (typeof step) extends fc.Arbitrary<infer T> ? T : never;

interface Arrival {
  readonly at: Millis;
  readonly sample: Received;
  readonly clock: number | null;
}

/** Samples as the servers sent them, in the order in which they arrive. */
function arrivals(steps: readonly Step[]): Arrival[] {
  const servers = new Map<string, { ts: Millis; seq: number; boot: number; uptime_s: number; in: number; out: number }>();
  const all: Arrival[] = [];
  for (const one of steps) {
    const state = servers.get(one.server) ?? { ts: START, seq: 0, boot: 0, uptime_s: 100, in: 5e11, out: 1e9 };
    servers.set(one.server, state);
    state.ts += one.after;
    state.seq++;
    state.uptime_s += one.after / 1000;
    state.in += one.sent;
    state.out += one.sent / 10;
    if (one.event === 'reboot' || one.event === 'agent') [state.boot, state.seq] = [state.boot + 1, 0];
    if (one.event === 'reboot' || one.event === 'uptime') state.uptime_s = 1;
    if (one.event !== 'none' && one.event !== 'agent') [state.in, state.out] = [one.sent / 2, one.sent / 20];
    const gpus = Object.entries(one.gpus).flatMap(([id, card]) => (card ? [{ id: Number(id), ...card }] : []));
    const sample: Received = {
      v: 1, server: one.server, boot_id: `boot${state.boot}`, seq: state.seq, ts: state.ts, interval_ms: one.interval_ms, uptime_s: state.uptime_s, cpu: one.cpu,
      memory_total: 1, memory_used: 0, hdd_total: 1, hdd_used: 0, network_in: Math.floor(state.in), network_out: Math.floor(state.out), gpus,
      stream_seq: 0, received_ts: 0, skewed: false,
    };
    const at = state.ts + one.delay;
    all.push({ at, sample, clock: one.clock });
    if (one.again >= 0) all.push({ at: at + one.again, sample: { ...sample }, clock: null });
  }
  return all.sort((a, b) => a.at - b.at);
}

/** Shrinking a long stream takes minutes: it starts when someone runs the printed seed without `endOnFailure`. */
const RUNS = (numRuns: number) => ({ numRuns, endOnFailure: true });

function agree(steps: readonly Step[], max_samples: number): Record<Outcome, number> {
  const windows = new FleetWindows({ lengths: LENGTHS, card_labels: LABELS, utilization_labels: UTILIZATION_LABELS, lateness_ms: LATENESS, idle: IDLE, max_samples });
  const oracle = new Oracle(max_samples);
  const outcomes = { recorded: 0, late: 0, duplicate: 0 };
  for (const { at, sample, clock } of arrivals(steps)) {
    const outcome = windows.record(sample);
    const expected = oracle.record(sample);
    if (outcome !== expected) throw new Error(`${sample.server} ${sample.boot_id} ${sample.seq}: ${outcome}, oracle ${expected}`);
    outcomes[outcome]++;
    expectExact(windows, oracle, sample.server);
    if (clock === null) continue;
    windows.advance(at + clock);
    oracle.advance(at + clock);
    for (const id of ['a', 'b', 'c']) expectExact(windows, oracle, id);
    for (const label of LABELS) {
      const expected = oracle.fleet(label, (id) => windows.server(id)!.windows[label].cpu_mean!);
      expectSame(windows.fleet(label), expected, `fleet ${label}`);
    }
  }
  expect(windows.late).toBe(outcomes.late);
  expect(windows.duplicates).toBe(outcomes.duplicate);
  return outcomes;
}

describe('every figure of the windows equals the oracle that recomputes it from the list of samples', () => {
  it('with disorder, duplicates, gaps, resets, key churn, late data and cards that come and go', () => {
    const seen = { recorded: 0, late: 0, duplicate: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 50, size: 'max' }), (steps) => {
        const outcomes = agree(steps, 1_000);
        for (const outcome of Object.keys(seen) as Outcome[]) seen[outcome] += outcomes[outcome];
      }),
      RUNS(1_000),
    );
    // The generator is only worth something while it reaches every branch.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  }, 300_000);

  it('and when more samples come than are kept', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), fc.integer({ min: 1, max: 12 }), (steps, max) => void agree(steps, max)),
      RUNS(200),
    );
  }, 300_000);
});

describe('a tick', () => {
  it('with the samples that came tells what moving and recording one by one tells, and leaves nothing untold', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 50, size: 'max' }), (steps) => {
        const options = { lengths: LENGTHS, card_labels: LABELS, utilization_labels: UTILIZATION_LABELS, lateness_ms: LATENESS, idle: IDLE };
        const [together, apart] = [new FleetWindows<Label, Label>(options), new FleetWindows<Label, Label>(options)];
        const told = new Map<string, unknown>();
        const records = (server: ReturnType<typeof together.server>) => server && { windows: server.windows, gpus: server.gpus };
        let waiting: Received[] = [];
        for (const { at, sample, clock } of arrivals(steps)) {
          waiting.push(sample);
          if (clock === null) continue;
          together.advance(at + clock, waiting);
          apart.advance(at + clock);
          for (const one of waiting) apart.record(one);
          waiting = [];
          const [changes, expected] = [together.takeChanges(), apart.takeChanges()];
          expect([...(changes?.servers.keys() ?? [])].sort()).toEqual([...(expected?.servers.keys() ?? [])].sort());
          expect([...(changes?.removed ?? [])].sort()).toEqual([...(expected?.removed ?? [])].sort());
          for (const [id, figures] of changes?.servers ?? []) told.set(id, records(figures));
          for (const id of changes?.removed ?? []) told.delete(id);
          for (const id of ['a', 'b', 'c']) {
            expect(records(together.server(id))).toEqual(told.get(id) ?? null);
            expect(records(apart.server(id))).toEqual(told.get(id) ?? null);
          }
        }
      }),
      RUNS(200),
    );
  }, 300_000);
});
