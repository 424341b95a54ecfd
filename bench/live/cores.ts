import { readFileSync } from 'node:fs';
import { cpuBelow } from '../agent/process-tree.js';

/** Who is who among the processes below this one, by a part of its command line. */
const PARTS = {
  service: '/stream/dist/main.js',
  'its database engine': '/engine/child.js',
  'nats-server': 'nats-server',
  publisher: '/publish.ts',
  'other subscribers': '/subscribers.ts',
  browser: 'chrom',
} as const;
export type Part = keyof typeof PARTS | 'this process';

/** CPU seconds that each part of the run has used until now. */
export function cpuByPart(): Map<Part, number> {
  const used = new Map<Part, number>();
  for (const { pid, cpu_s } of cpuBelow(process.pid)) {
    const part = partOf(pid);
    used.set(part, (used.get(part) ?? 0) + cpu_s);
  }
  return used;
}

function partOf(pid: number): Part {
  if (pid === process.pid) return 'this process';
  const command = commandOf(pid);
  return (Object.keys(PARTS) as (keyof typeof PARTS)[]).find((part) => command.includes(PARTS[part])) ?? 'this process';
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended between listing and reading
  }
}

/** Cores in use by each part between two readings. */
export function coresBetween(before: ReadonlyMap<Part, number>, after: ReadonlyMap<Part, number>, seconds: number): Map<Part, number> {
  return new Map([...after].map(([part, cpu_s]) => [part, Math.max(0, cpu_s - (before.get(part) ?? 0)) / seconds]));
}
