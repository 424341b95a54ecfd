import type { AgentHealth, GpuProcess, GpuSample } from '@vacancy/shared/plain';
import type { Cpu } from './collect/cpu.js';
import type { Filesystems } from './collect/filesystems.js';
import type { HostFacts } from './collect/host.js';
import type { Memory } from './collect/memory.js';
import type { Network } from './collect/network.js';
import type { TopProcess } from './collect/processes.js';
import type { Temperature } from './collect/temperatures.js';
import type { Reading } from './publish/spool.js';

/** Everything read for one sample; what is `undefined` could not be read. */
export interface Facts {
  readonly cpu: Cpu | undefined;
  readonly memory: Memory | undefined;
  readonly host: HostFacts | undefined;
  readonly network: Network | undefined;
  readonly filesystems: Filesystems | undefined;
  readonly users: readonly string[] | undefined;
  readonly gpus: readonly GpuSample[];
  /** Slow facts of which the page needs no copy every second: given when they were read anew, `undefined` in between. */
  readonly details: boolean;
  readonly temperatures: readonly Temperature[] | undefined;
  readonly processes: readonly TopProcess[] | undefined;
}

export interface Moment {
  readonly server: string;
  readonly ts: number;
  readonly interval_ms: number;
}

/** The facts that the contract will not do without, by name. */
export const REQUIRED = ['cpu', 'memory', 'host', 'network', 'filesystems'] as const;

/**
 * Facts → the sample, or `null` while a required fact is not known: a figure is never made up, so there is then no sample.
 */
export function toReading(moment: Moment, facts: Facts, health: AgentHealth): Reading | null {
  const { cpu, memory, host, network, filesystems } = facts;
  if (!cpu || !memory || !host || !network || !filesystems) return null;
  return {
    v: 1,
    ...moment,
    uptime_s: host.uptime_s,
    cpu: cpu.cpu,
    load1: host.load1,
    load5: host.load5,
    load15: host.load15,
    ...memory,
    hdd_total: filesystems.hdd_total,
    hdd_used: filesystems.hdd_used,
    network_in: network.network_in,
    network_out: network.network_out,
    ...(facts.users && { user_num: facts.users.length, users: facts.users.slice(0, 256) }),
    gpus: [...facts.gpus],
    ...(facts.details && details(cpu, network, filesystems)),
    ...(facts.temperatures && { temperatures: [...facts.temperatures] }),
    ...(facts.processes && { processes: [...facts.processes] }),
    ...(Object.keys(health).length > 0 && { health }),
  };
}

const details = (cpu: Cpu, network: Network, filesystems: Filesystems) => ({
  cpu_cores_used: cpu.cpu_cores_used.slice(0, 1024),
  filesystems: [...filesystems.filesystems],
  interfaces: [...network.interfaces],
});

/** The wire allows 64 KiB; the rest is for the name that the spool adds. */
const MOST_BYTES = 63 * 1024;

/** What is given up first when a sample is too large for the wire: what nothing is counted from. */
const LESS: readonly ((reading: Reading) => Reading)[] = [
  ({ processes: _, temperatures: __, ...rest }) => rest,
  ({ cpu_cores_used: _, filesystems: __, interfaces: ___, ...rest }) => rest,
  (reading) => withProcesses(reading, ({ command: _, ...process }) => process),
  (reading) => ({ ...reading, gpus: reading.gpus.map((gpu) => (gpu.processes ? { ...gpu, processes: gpu.processes.slice(0, 16) } : gpu)) }),
  ({ users: _, ...rest }) => rest,
  (reading) => ({ ...reading, gpus: reading.gpus.map(({ processes: _, ...gpu }) => gpu) }),
];

/** A sample that fits the wire, whatever a machine brings together: 64 cards with a hundred processes each are over it. */
export function fit(reading: Reading): Reading {
  let fitting = reading;
  for (const less of LESS) {
    if (Buffer.byteLength(JSON.stringify(fitting)) <= MOST_BYTES) break;
    fitting = less(fitting);
  }
  return fitting;
}

const withProcesses = (reading: Reading, change: (process: GpuProcess) => GpuProcess): Reading => ({
  ...reading,
  gpus: reading.gpus.map((gpu) => (gpu.processes ? { ...gpu, processes: gpu.processes.map(change) } : gpu)),
});
