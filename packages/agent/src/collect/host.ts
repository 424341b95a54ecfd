import type { Collector } from './collector.js';
import { ProcFile } from './proc-file.js';

export interface HostFacts {
  readonly uptime_s: number;
  readonly load1: number;
  readonly load5: number;
  readonly load15: number;
}

/** The texts of /proc/uptime and /proc/loadavg → seconds since boot and run queue lengths. */
export function parseHost(uptime: string, loadavg: string): HostFacts {
  const [load1, load5, load15] = loadavg.split(' ').map(Number);
  const uptime_s = Number.parseFloat(uptime);
  if (!Number.isFinite(uptime_s) || !Number.isFinite(load1)) throw new Error('unreadable /proc/uptime or /proc/loadavg');
  return { uptime_s, load1: load1!, load5: load5 ?? 0, load15: load15 ?? 0 };
}

export class HostCollector implements Collector<HostFacts>, Disposable {
  readonly name = 'host';
  readonly cadence_ms = 0;
  readonly #uptime = new ProcFile('/proc/uptime');
  readonly #loadavg = new ProcFile('/proc/loadavg');

  async collect(): Promise<HostFacts> {
    return parseHost(this.#uptime.read(), this.#loadavg.read());
  }

  [Symbol.dispose](): void {
    this.#uptime[Symbol.dispose]();
    this.#loadavg[Symbol.dispose]();
  }
}
