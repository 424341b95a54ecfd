import type * as SystemInformation from 'systeminformation';
import type { Collector } from './collector.js';
import type { Cpu } from './cpu.js';
import type { Filesystems } from './filesystems.js';
import type { HostFacts } from './host.js';
import type { Memory } from './memory.js';
import type { Network } from './network.js';

// Machines without /proc (macOS, Windows, BSD) are read through `systeminformation`. On Linux it is not used for this: there it starts
// `df`, `who` and others for what a few files say.

const SLOWLY_MS = 10_000;

type Library = Omit<typeof SystemInformation, 'default'>;
/** Loaded when first used: on Linux never. */
const library = async (): Promise<Library> => {
  const module = await import('systeminformation');
  return module.default ?? module;
};

const portable = <T>(name: string, cadence_ms: number, read: (si: Library) => Promise<T>): Collector<T> => ({
  name,
  cadence_ms,
  collect: async () => read(await library()),
});

const finite = (value: number, what: string): number => {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${what} is not known here`);
};

export const portableCollectors = {
  cpu: (): Collector<Cpu> =>
    portable('cpu', 0, async (si) => {
      const load = await si.currentLoad();
      return { cpu: finite(load.currentLoad, 'cpu'), cpu_cores_used: load.cpus.map((core) => core.load) };
    }),
  memory: (): Collector<Memory> =>
    portable('memory', 0, async (si) => {
      const memory = await si.mem();
      return {
        memory_total: finite(memory.total, 'memory'), memory_used: finite(memory.active, 'memory'),
        swap_total: finite(memory.swaptotal, 'swap'), swap_used: finite(memory.swapused, 'swap'),
      };
    }),
  host: (): Collector<HostFacts> =>
    portable('host', 0, async (si) => {
      const { loadavg } = await import('node:os');
      const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
      return { uptime_s: finite(si.time().uptime, 'uptime'), load1, load5, load15 };
    }),
  network: (): Collector<Network> =>
    portable('network', 0, async (si) => {
      const interfaces = (await si.networkStats('*'))
        .filter((one) => one.iface !== 'lo' && !/^lo\d|^utun|^awdl|^bridge|^Loopback/.test(one.iface))
        .map((one) => ({ name: one.iface.slice(0, 32), network_in: finite(one.rx_bytes, 'network'), network_out: finite(one.tx_bytes, 'network') }));
      const sum = (key: 'network_in' | 'network_out'): number => interfaces.reduce((total, one) => total + one[key], 0);
      return { network_in: sum('network_in'), network_out: sum('network_out'), interfaces: interfaces.slice(0, 64) };
    }),
  filesystems: (): Collector<Filesystems> =>
    portable('filesystems', SLOWLY_MS, async (si) => {
      const once = new Map((await si.fsSize()).map((one) => [one.fs, one]));
      const filesystems = [...once.values()].map((one) => ({ mount: one.mount.slice(0, 256), hdd_total: one.size, hdd_used: one.used }));
      const sum = (key: 'hdd_total' | 'hdd_used'): number => filesystems.reduce((total, one) => total + one[key], 0);
      return { hdd_total: sum('hdd_total'), hdd_used: sum('hdd_used'), filesystems: filesystems.slice(0, 64) };
    }),
  users: (): Collector<string[]> =>
    portable('users', SLOWLY_MS, async (si) => [...new Set((await si.users()).map((one) => one.user.slice(0, 64)))].sort()),
};
