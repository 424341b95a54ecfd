import type { Collector } from './collector.js';
import { ProcFile } from './proc-file.js';

export interface Cpu {
  /** Percent of all cores' time that was not idle since the reading before. */
  readonly cpu: number;
  /** The same of each core, in order; none where a core was just switched on or off, since they are then numbered anew. */
  readonly cpu_cores_used: readonly number[];
}

/** Jiffies of one line of /proc/stat: in all, and idle or waiting for a disk. */
export interface CpuTimes {
  readonly total: number;
  readonly idle: number;
}

/** The text of /proc/stat → times of the machine (first) and of each core. */
export function parseStat(text: string): CpuTimes[] {
  const times: CpuTimes[] = [];
  for (let start = 0; text.startsWith('cpu', start); ) {
    const end = text.indexOf('\n', start);
    times.push(parseTimes(text.slice(text.indexOf(' ', start), end < 0 ? undefined : end)));
    if (end < 0) break;
    start = end + 1;
  }
  return times;
}

function parseTimes(line: string): CpuTimes {
  // user nice system idle iowait irq softirq steal; guest time after that is counted in user already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line.trim().split(/ +/).map(Number);
  return { total: user + nice + system + idle + iowait + irq + softirq + steal, idle: idle + iowait };
}

/** Percent busy between two readings; `null` where no time passed (two reads within a jiffy, a core just switched on). */
export function busyBetween(before: CpuTimes | undefined, after: CpuTimes): number | null {
  const total = before ? after.total - before.total : 0;
  if (!before || total <= 0) return null;
  // iowait can run backwards on a busy kernel (proc(5)), so the share is held within its bounds.
  const busy = 1 - (after.idle - before.idle) / total;
  return round(Math.min(1, Math.max(0, busy)) * 100);
}

const round = (percent: number): number => Math.round(percent * 10) / 10;

/** Reads /proc/stat; the first reading after a start throws, since one reading makes no share. */
export class CpuCollector implements Collector<Cpu>, Disposable {
  readonly name = 'cpu';
  readonly cadence_ms = 0;
  readonly #file: ProcFile;
  #before: CpuTimes[] = [];

  constructor(path = '/proc/stat') {
    this.#file = new ProcFile(path);
    this.#before = parseStat(this.#file.read());
  }

  async collect(): Promise<Cpu> {
    const after = parseStat(this.#file.read());
    const cpu = busyBetween(this.#before[0], after[0]!);
    if (cpu === null) throw new Error('no processor time has passed since the last reading');
    const cores = after.length === this.#before.length ? after.slice(1).map((times, core) => busyBetween(this.#before[core + 1], times)) : [];
    this.#before = after;
    return { cpu, cpu_cores_used: cores.every((core) => core !== null) ? cores : [] };
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
