import { existsSync, readdirSync } from 'node:fs';
import { MINUTE, type Clock, type Millis } from '@vacancy/shared/plain';
import type { Collector } from './collector.js';
import { ProcFile } from './proc-file.js';

export interface InterfaceCounters {
  readonly name: string;
  readonly network_in: number;
  readonly network_out: number;
}

export interface Network {
  readonly network_in: number;
  readonly network_out: number;
  readonly interfaces: readonly InterfaceCounters[];
}

/** What sysfs says of an interface. */
export interface InterfaceKind {
  readonly name: string;
  /** It has hardware behind it (a PCI, virtio or USB device). */
  readonly device: boolean;
  /** It is a port of a bridge or bond. */
  readonly port: boolean;
}

/** The text of /proc/net/dev → bytes since boot of each interface, in its order. */
export function parseNetDev(text: string): InterfaceCounters[] {
  const counters: InterfaceCounters[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const fields = line.slice(colon + 1).trim().split(/ +/);
    if (fields.length < 9) continue;
    counters.push({ name: line.slice(0, colon).trim(), network_in: Number(fields[0]), network_out: Number(fields[8]) });
  }
  return counters;
}

const VIRTUAL = /^(?:lo|docker|veth|br-|virbr|vmbr|vnet|cni|flannel|cali|tunl|tun|tap|wg|tailscale|kube|ifb|dummy|sit|gre|bond|team)/;

/**
 * The interfaces whose bytes are counted: those with hardware behind them, each packet passing exactly one of them. Bonds,
 * bridges, VLANs, tunnels and the virtual ends of containers carry the same bytes once more. A container sees no hardware at all;
 * there the rest is taken by name.
 */
export function countedInterfaces(kinds: readonly InterfaceKind[]): Set<string> {
  const hardware = kinds.filter((kind) => kind.device);
  const counted = hardware.length ? hardware : kinds.filter((kind) => !kind.port && !VIRTUAL.test(kind.name) && !kind.name.includes('.'));
  return new Set(counted.map((kind) => kind.name));
}

export function sumCounters(counters: readonly InterfaceCounters[], counted: ReadonlySet<string>): Network {
  const interfaces = counters.filter((counter) => counted.has(counter.name));
  let network_in = 0;
  let network_out = 0;
  for (const counter of interfaces) {
    network_in += counter.network_in;
    network_out += counter.network_out;
  }
  return { network_in, network_out, interfaces: interfaces.slice(0, 64) };
}

/** Reads /proc/net/dev at every tick, and once a minute from sysfs which interfaces to count. */
export class NetworkCollector implements Collector<Network>, Disposable {
  readonly name = 'network';
  readonly cadence_ms = 0;
  readonly #file: ProcFile;
  readonly #sysfs: string;
  readonly #clock: Clock;
  #counted: ReadonlySet<string> = new Set();
  #checked: Millis = -Infinity;

  constructor(clock: Clock, path = '/proc/net/dev', sysfs = '/sys/class/net') {
    this.#file = new ProcFile(path);
    this.#sysfs = sysfs;
    this.#clock = clock;
  }

  async collect(): Promise<Network> {
    const now = this.#clock.now();
    if (Math.abs(now - this.#checked) >= MINUTE) {
      this.#counted = countedInterfaces(readKinds(this.#sysfs));
      this.#checked = now;
    }
    return sumCounters(parseNetDev(this.#file.read()), this.#counted);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function readKinds(sysfs: string): InterfaceKind[] {
  return readdirSync(sysfs).map((name) => ({
    name,
    device: existsSync(`${sysfs}/${name}/device`),
    port: existsSync(`${sysfs}/${name}/master`),
  }));
}
