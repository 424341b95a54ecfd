import { HOUR, MINUTE, systemClock, type Clock, type Inventory } from '@vacancy/shared/plain';
import { join } from 'node:path';
import { AmdCollector } from './collect/amd.js';
import { Runner, type Collector } from './collect/collector.js';
import { CpuCollector } from './collect/cpu.js';
import { FilesystemCollector } from './collect/filesystems.js';
import type { GpuSource } from './collect/gpu-source.js';
import { HostCollector } from './collect/host.js';
import { MemoryCollector } from './collect/memory.js';
import { NetworkCollector } from './collect/network.js';
import { NvidiaSource } from './collect/nvidia/nvidia.js';
import { portableCollectors } from './collect/portable.js';
import { ProcessOwners } from './collect/process-owner.js';
import { ProcessCollector } from './collect/processes.js';
import { ownStatic, readStatic } from './collect/static.js';
import { TemperatureCollector } from './collect/temperatures.js';
import { UserNames } from './collect/user-names.js';
import { UserCollector } from './collect/users.js';
import type { AgentConfig, OptionalCollector } from './config.js';
import { toInventory, type GpuInventory, type StaticFacts } from './inventory.js';
import type { Log } from './log.js';
import { Publisher } from './publish/publisher.js';
import { Spool } from './publish/spool.js';
import { Sampler, type Runners } from './sampler.js';

/** A running agent; disposing it stops reading, then gives the broker a moment to take what is left. */
export interface Agent extends AsyncDisposable {
  readonly publisher: Publisher;
  readonly spool: Spool;
}

export interface AgentParts {
  readonly log: Log;
  readonly version: string;
  readonly clock?: Clock;
}

const DETAILS_MS = 10_000;
const SLOW_DEADLINE_MS = 8_000;
/** Long enough for the last sample to be acknowledged, short enough for Ctrl-C. */
const LAST_WORDS_MS = 500;
const INVENTORY_CHECK_MS = 5_000;

/** Starts everything, in the order in which the data moves. */
export function startAgent(config: AgentConfig, parts: AgentParts): Agent {
  const { log, version, clock = systemClock } = parts;
  const spool = new Spool({ ...config, dir: join(config.data_dir, config.server) }, log, clock);
  const publisher = new Publisher(spool, config, log, clock);
  const names = new UserNames(clock);
  const owners = new ProcessOwners(names, config.commands, clock);
  const nvidia = config.off.has('nvidia') ? null : new NvidiaSource({ ...config, processes: !config.off.has('gpu_processes') }, owners, clock);
  const { runners, close } = createRunners(config, { owners, nvidia }, clock);
  const sampler = new Sampler(
    { ...config, details_ms: config.off.has('details') ? null : DETAILS_MS },
    { runners, nvidia, health: () => healthOf(spool, publisher), emit: (reading) => publisher.publish(reading), missed: sayMissing(log, runners, clock) },
    clock,
  );
  let facts = ownStatic();
  void readStatic().then((better) => (facts = better));
  const stopInventory = keepInventory(publisher, () => inventoryOf(config, facts, { runners, nvidia, version }), clock);
  log.info({ server: config.server, interval_ms: config.interval_ms, version }, 'agent started');

  return {
    publisher,
    spool,
    async [Symbol.asyncDispose]() {
      stopInventory();
      await sampler[Symbol.asyncDispose]();
      close();
      await nvidia?.[Symbol.asyncDispose]();
      if (publisher.connected) await publisher.drain(LAST_WORDS_MS);
      await publisher[Symbol.asyncDispose]();
      log.info(spool.stats(), 'agent stopped');
      spool[Symbol.dispose]();
    },
  };
}

type Sources = { readonly owners: ProcessOwners; readonly nvidia: GpuSource | null };

function createRunners(config: AgentConfig, sources: Sources, clock: Clock): { runners: Runners; close(): void } {
  return process.platform === 'linux' ? linuxRunners(config, sources, clock) : { runners: portableRunners(config, clock), close: () => {} };
}

function portableRunners(config: AgentConfig, clock: Clock): Runners {
  const { cpu, memory, host, network, filesystems, users } = portableCollectors;
  const run = <T>(collector: Collector<T>): Runner<T> => new Runner(collector, SLOW_DEADLINE_MS, clock);
  const all = { cpu: run(cpu()), memory: run(memory()), host: run(host()), network: run(network()), filesystems: run(filesystems()) };
  return config.off.has('users') ? all : { ...all, users: run(users()) };
}

function linuxRunners(config: AgentConfig, { owners, nvidia }: Sources, clock: Clock): { runners: Runners; close(): void } {
  const on = (name: OptionalCollector): boolean => !config.off.has(name);
  const slowly = <T>(collector: Collector<T>): Runner<T> => new Runner(collector, SLOW_DEADLINE_MS, clock);
  const deadline = Math.min(5_000, Math.max(200, config.interval_ms / 2));
  const direct = { cpu: new CpuCollector(), memory: new MemoryCollector(), host: new HostCollector(), network: new NetworkCollector(clock) };
  const runners: Runners = {
    cpu: new Runner(direct.cpu, deadline, clock),
    memory: new Runner(direct.memory, deadline, clock),
    host: new Runner(direct.host, deadline, clock),
    network: new Runner(direct.network, deadline, clock),
    filesystems: slowly(new FilesystemCollector(clock)),
    ...(on('users') && { users: slowly(new UserCollector()) }),
    ...(on('temperatures') && { temperatures: slowly(new TemperatureCollector()) }),
    ...(on('processes') && { processes: slowly(new ProcessCollector(owners)) }),
    ...(on('amd') && { amd: slowly(new AmdCollector(config.interval_ms, () => nvidia?.inventory.gpus.length ?? 0, clock)) }),
  };
  const close = (): void => Object.values(direct).forEach((collector) => collector[Symbol.dispose]());
  return { runners, close };
}

function healthOf(spool: Spool, publisher: Publisher) {
  const { failure } = spool;
  return {
    ...(failure && { failures: [{ collector: 'spool', ...failure }] }),
    ...spool.stats(),
    ...(publisher.clock_offset_ms !== null && { clock_offset_ms: publisher.clock_offset_ms }),
  };
}

/** Without a sample nobody on the hub learns why there is none: the log says it, at the first one missed after a while and then once a minute. */
function sayMissing(log: Log, runners: Runners, clock: Clock): (facts: readonly string[]) => void {
  const START_MS = 10_000; // the first readings take their time
  let said = clock.now() - MINUTE + START_MS;
  return (facts) => {
    if (clock.now() - said < MINUTE) return;
    said = clock.now();
    const failures = Object.values(runners).flatMap((runner) => (runner as Runner<unknown>).failure ?? []);
    log.error({ facts, failures }, 'no sample: what every sample needs could not be read');
  };
}

type Known = { readonly runners: Runners; readonly nvidia: GpuSource | null; readonly version: string };

/** `null` until the first readings are there: an inventory without cards would say that there are none. */
function inventoryOf(config: AgentConfig, facts: StaticFacts, { runners, nvidia, version }: Known): Inventory | null {
  const memory = runners.memory.value;
  const filesystems = runners.filesystems.value;
  if (!memory || !filesystems || nvidia?.ready === false) return null;
  const sizes = { memory_limit: memory.memory_total, hdd_total: filesystems.hdd_total };
  return toInventory(config, facts, sizes, cardsOf(nvidia, runners), version);
}

function cardsOf(nvidia: GpuSource | null, { amd }: Runners): GpuInventory {
  const others = (amd?.value ?? []).map(({ sample, gpu_type, uuid }) => ({ gpu_id: sample.id, gpu_type, gpu_memory_limit: sample.memory_total, ...(uuid && { uuid }) }));
  const cards = nvidia?.inventory ?? { gpus: [] };
  return { ...cards, gpus: [...cards.gpus, ...others].slice(0, 64) };
}

/** Sends the inventory as soon as it is known, when it changes, and every hour. */
function keepInventory(publisher: Publisher, read: () => Inventory | null, clock: Clock): () => void {
  let last = '';
  let sent = -Infinity;
  let cancel: () => void;
  const check = (): void => {
    const inventory = read();
    const text = JSON.stringify(inventory);
    if (inventory && (text !== last || clock.now() - sent >= HOUR)) {
      last = text;
      sent = clock.now();
      publisher.publishInventory(inventory);
    }
    cancel = clock.setTimer(inventory ? INVENTORY_CHECK_MS : 250, check);
  };
  cancel = clock.setTimer(0, check);
  return () => cancel();
}
