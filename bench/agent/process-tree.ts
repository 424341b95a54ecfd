import { readFileSync, readdirSync } from 'node:fs';

/** Processor time and memory of a process and everything below it. */
export interface Usage {
  readonly cpu_s: number;
  readonly rss: number;
  /** Memory of the process alone. */
  readonly own_rss: number;
}

/** Ticks in a second of /proc/<pid>/stat: 100 on every Linux that Node runs on. */
const TICKS = 100;

export function usageOf(root: number): Usage {
  const processes = readAll();
  let cpu_s = 0;
  let rss = 0;
  for (const pid of below(root, processes)) {
    const stat = processes.get(pid)!;
    cpu_s += stat.ticks / TICKS;
    rss += rssOf(pid);
  }
  return { cpu_s, rss, own_rss: rssOf(root) };
}

/** Processor time of a process and of each one below it. */
export function cpuBelow(root: number): { readonly pid: number; readonly cpu_s: number }[] {
  const processes = readAll();
  return below(root, processes).map((pid) => ({ pid, cpu_s: processes.get(pid)!.ticks / TICKS }));
}

interface Stat {
  readonly parent: number;
  /** Its own and that of its children that have ended. */
  readonly ticks: number;
}

function readAll(): Map<number, Stat> {
  const found = new Map<number, Stat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const text = read(`/proc/${name}/stat`);
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ').map(Number);
    if (fields.length > 14) found.set(Number(name), { parent: fields[1]!, ticks: fields[11]! + fields[12]! + fields[13]! + fields[14]! });
  }
  return found;
}

function below(root: number, processes: Map<number, Stat>): number[] {
  const found = [root];
  for (const pid of found) for (const [child, { parent }] of processes) if (parent === pid) found.push(child);
  return found.filter((pid) => processes.has(pid));
}

const rssOf = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ended between listing and reading
  }
}
