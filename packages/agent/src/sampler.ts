import { systemClock, type AgentHealth, type Clock, type Millis } from '@vacancy/shared/plain';
import type { AmdCard } from './collect/amd.js';
import type { Runner } from './collect/collector.js';
import type { Cpu } from './collect/cpu.js';
import type { Filesystems } from './collect/filesystems.js';
import type { GpuSource } from './collect/gpu-source.js';
import type { HostFacts } from './collect/host.js';
import type { Memory } from './collect/memory.js';
import type { Network } from './collect/network.js';
import type { TopProcess } from './collect/processes.js';
import type { Temperature } from './collect/temperatures.js';
import type { Reading } from './publish/spool.js';
import { REQUIRED, fit, toReading } from './sample.js';

/** What a sample is made of; the optional ones may be switched off. */
export interface Runners {
  readonly cpu: Runner<Cpu>;
  readonly memory: Runner<Memory>;
  readonly host: Runner<HostFacts>;
  readonly network: Runner<Network>;
  readonly filesystems: Runner<Filesystems>;
  readonly users?: Runner<string[]>;
  readonly temperatures?: Runner<Temperature[]>;
  readonly processes?: Runner<TopProcess[]>;
  readonly amd?: Runner<AmdCard[]>;
}

export interface SamplerOptions {
  readonly server: string;
  readonly interval_ms: number;
  /** Time between two samples with the details of cores, filesystems and interfaces; `null` for never. */
  readonly details_ms: number | null;
}

/** A sample stands for no more than this many intervals: a machine that slept was not observed meanwhile. */
const MAX_INTERVALS = 2;

/**
 * Makes one sample at every tick. Ticks keep to the clock (a slow one does not shift the next), never overlap, and are
 * left out rather than made up for.
 */
export class Sampler implements AsyncDisposable {
  readonly #options: SamplerOptions;
  readonly #runners: Runners;
  readonly #all: readonly Runner<unknown>[];
  readonly #nvidia: GpuSource | null;
  readonly #health: () => AgentHealth;
  readonly #emit: (reading: Reading) => void;
  readonly #missed: (facts: readonly string[]) => void;
  readonly #clock: Clock;
  #cancel: (() => void) | null = null;
  #tick: Promise<void> = Promise.resolve();
  #due: Millis;
  #last: Millis;
  #details: Millis = -Infinity;
  readonly #sent = new Map<Runner<unknown>, Millis | null>();

  constructor(
    options: SamplerOptions,
    parts: { runners: Runners; nvidia: GpuSource | null; health: () => AgentHealth; emit: (reading: Reading) => void; missed: (facts: readonly string[]) => void },
    clock: Clock = systemClock,
  ) {
    this.#options = options;
    this.#runners = parts.runners;
    this.#all = Object.values(parts.runners) as Runner<unknown>[];
    this.#nvidia = parts.nvidia;
    this.#health = parts.health;
    this.#emit = parts.emit;
    this.#missed = parts.missed;
    this.#clock = clock;
    this.#last = this.#due = clock.now();
    for (const runner of this.#all) if (!runner.everyTick) void runner.run();
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    await this.#tick;
  }

  #schedule(): void {
    const now = this.#clock.now();
    const { interval_ms } = this.#options;
    this.#due += interval_ms;
    // Behind by a tick, or the clock was set: the rhythm begins anew.
    if (this.#due <= now || this.#due > now + interval_ms) this.#due = now + interval_ms;
    this.#cancel = this.#clock.setTimer(this.#due - now, () => {
      this.#tick = this.#sample().finally(() => this.#cancel && this.#schedule());
    });
  }

  async #sample(): Promise<void> {
    for (const runner of this.#all) if (!runner.everyTick) void runner.run();
    await Promise.all(this.#all.filter((runner) => runner.everyTick).map((runner) => runner.run()));
    const ts = this.#clock.now();
    const interval_ms = observedTime(ts - this.#last, this.#options.interval_ms);
    this.#last = ts;
    const facts = this.#facts(ts);
    const reading = toReading({ server: this.#options.server, ts, interval_ms }, facts, this.#wholeHealth());
    if (reading) this.#emit(fit(reading));
    else this.#missed(REQUIRED.filter((name) => facts[name] === undefined));
  }

  #facts(ts: Millis) {
    const { cpu, memory, host, network, filesystems, users, temperatures, processes, amd } = this.#runners;
    return {
      cpu: cpu.value, memory: memory.value, host: host.value, network: network.value, filesystems: filesystems.value,
      users: users?.value,
      gpus: [...(this.#nvidia?.gpus ?? []), ...(amd?.value ?? []).map((card) => card.sample)].slice(0, 64),
      details: this.#detailsDue(ts),
      temperatures: this.#fresh(temperatures),
      processes: this.#fresh(processes),
    };
  }

  /** A slow fact's reading, in the one sample that follows it. */
  #fresh<T>(runner: Runner<T> | undefined): T | undefined {
    if (!runner || this.#sent.get(runner) === runner.read_at) return undefined;
    this.#sent.set(runner, runner.read_at);
    return runner.value;
  }

  #detailsDue(ts: Millis): boolean {
    const { details_ms } = this.#options;
    if (details_ms === null || Math.abs(ts - this.#details) < details_ms) return false;
    this.#details = ts;
    return true;
  }

  #wholeHealth(): AgentHealth {
    const health = this.#health();
    const failures = [
      ...(health.failures ?? []),
      ...this.#all.flatMap((runner) => runner.failure ?? []),
      ...(this.#nvidia?.failures ?? []),
    ];
    return failures.length ? { ...health, failures: failures.slice(0, 32) } : health;
  }
}

/** The time that a sample stands for: what passed since the one before, within bounds that a set clock cannot break. */
export function observedTime(elapsed: number, interval_ms: number): number {
  if (elapsed <= 0) return interval_ms;
  return Math.max(1, Math.min(Math.round(elapsed), MAX_INTERVALS * interval_ms));
}
