import { readdirSync } from 'node:fs';
import { setImmediate as breath } from 'node:timers/promises';
import type { Collector } from './collector.js';
import { readText } from './proc-file.js';
import type { ProcessOwners } from './process-owner.js';

export interface TopProcess {
  readonly pid: number;
  readonly user?: string;
  readonly command: string;
  readonly memory_used: number;
}

const TOP = 10;
/** Read in one go, 2 ms or so; then the samples have their turn. */
const BATCH = 100;

/** The text of /proc/<pid>/statm → resident pages. */
export const parseStatm = (text: string): number => Number(text.split(' ')[1]) || 0;

/** The kernel's page size, from two views of one process: 4 KiB almost everywhere, 16 or 64 KiB on some ARM machines. */
export function pageSize(statm: string, status: string): number {
  const kib = Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1]);
  const ratio = (kib * 1024) / Number(statm.split(' ')[0]);
  return Number.isFinite(ratio) ? 2 ** Math.round(Math.log2(ratio)) : 4096;
}

/** The largest processes by resident memory. Walks all of /proc, so it is rarely asked. */
export class ProcessCollector implements Collector<TopProcess[]> {
  readonly name = 'processes';
  readonly cadence_ms = 30_000;
  readonly #owners: ProcessOwners;
  readonly #proc: string;
  readonly #page: number;

  constructor(owners: ProcessOwners, proc = '/proc') {
    this.#owners = owners;
    this.#proc = proc;
    this.#page = pageSize(readText('/proc/self/statm') ?? '', readText('/proc/self/status') ?? '');
  }

  get problem(): string | null {
    const { stuck } = this.#owners;
    return stuck.length ? `the command line of process ${stuck.join(' and ')} cannot be read: it hangs in the kernel` : null;
  }

  async collect(signal: AbortSignal): Promise<TopProcess[]> {
    const sizes: { pid: number; pages: number }[] = [];
    const pids = readdirSync(this.#proc).map(Number).filter(Number.isInteger);
    for (let at = 0; at < pids.length && !signal.aborted; at += BATCH) {
      for (const pid of pids.slice(at, at + BATCH)) sizes.push({ pid, pages: parseStatm(readText(`${this.#proc}/${pid}/statm`) ?? '') });
      await breath();
    }
    const top = sizes.sort((a, b) => b.pages - a.pages).slice(0, TOP);
    const found: TopProcess[] = [];
    for (const { pid, pages } of top) {
      if (pages === 0) continue; // a kernel thread, or ended meanwhile
      const { user, command } = await this.#owners.of(pid);
      found.push({ pid, ...(user !== undefined && { user }), command: command ?? '', memory_used: pages * this.#page });
    }
    return found;
  }
}
