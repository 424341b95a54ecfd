import { HOUR, systemClock, type Clock, type Inventory } from '@vacancy/shared/plain';
import { join } from 'node:path';
import { Runner } from './collect/collector.js';
import { CpuCollector } from './collect/cpu.js';
import { FilesystemCollector } from './collect/filesystems.js';
import { HostCollector } from './collect/host.js';
import { MemoryCollector } from './collect/memory.js';
import { NetworkCollector } from './collect/network.js';
import { readStatic } from './collect/static.js';
import { TemperatureCollector } from './collect/temperatures.js';
import type { AgentConfig } from './config.js';
import { toInventory } from './inventory.js';
import type { Log } from './log.js';
import { Publisher } from './publish/publisher.js';
import { Spool } from './publish/spool.js';
import { Sampler, type GpuSource, type Runners } from './sampler.js';

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
/** Long enough for the last sample to be acknowledged, short enough for Ctrl-C. */
const LAST_WORDS_MS = 500;
const INVENTORY_CHECK_MS = 15_000;

/** Starts everything, in the order in which the data moves. */
export function startAgent(config: AgentConfig, parts: AgentParts): Agent {
  const { log, version, clock = systemClock } = parts;
  const spool = new Spool({ ...config, dir: join(config.data_dir, config.server) }, log, clock);
  const publisher = new Publisher(spool, config, log, clock);
  const { runners, close } = createRunners(config, clock);
  const gpus: GpuSource[] = [];
  const sampler = new Sampler(
    { ...config, details_ms: config.off.has('details') ? null : DETAILS_MS },
    { runners, gpus, health: () => healthOf(spool, publisher), emit: (reading) => publisher.publish(reading) },
    clock,
  );
  const stopInventory = keepInventory(publisher, () => inventoryOf(config, runners, version), clock);
  log.info({ server: config.server, interval_ms: config.interval_ms, version }, 'agent started');

  return {
    publisher,
    spool,
    async [Symbol.asyncDispose]() {
      stopInventory();
      await sampler[Symbol.asyncDispose]();
      close();
      if (publisher.connected) await publisher.drain(LAST_WORDS_MS);
      await publisher[Symbol.asyncDispose]();
      spool[Symbol.dispose]();
      log.info(spool.stats(), 'agent stopped');
    },
  };
}

function createRunners(config: AgentConfig, clock: Clock): { runners: Runners; close(): void } {
  const deadline = Math.min(5_000, Math.max(200, config.interval_ms / 2));
  const slow = 8_000;
  const direct = { cpu: new CpuCollector(), memory: new MemoryCollector(), host: new HostCollector(), network: new NetworkCollector(clock) };
  const runners: Runners = {
    cpu: new Runner(direct.cpu, deadline, clock),
    memory: new Runner(direct.memory, deadline, clock),
    host: new Runner(direct.host, deadline, clock),
    network: new Runner(direct.network, deadline, clock),
    filesystems: new Runner(new FilesystemCollector(), slow, clock),
    ...(!config.off.has('temperatures') && { temperatures: new Runner(new TemperatureCollector(), slow, clock) }),
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

function inventoryOf(config: AgentConfig, runners: Runners, version: string): Inventory | null {
  const memory = runners.memory.value;
  const filesystems = runners.filesystems.value;
  if (!memory || !filesystems) return null;
  const sizes = { memory_limit: memory.memory_total, hdd_total: filesystems.hdd_total };
  return toInventory(config, readStatic(), sizes, { gpus: [] }, version);
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
