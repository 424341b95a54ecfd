import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession } from '@playwright/test';

/** What the page holds after a forced collection. */
export interface Held {
  readonly s: number;
  readonly heap_bytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** Looks every `every_ms` for `ms`, first at once: the page should have been open for a while. */
export async function watchHeap(devtools: CDPSession, ms: number, every_ms: number, tell: (held: Held) => void): Promise<Held[]> {
  await devtools.send('HeapProfiler.enable');
  const start = Date.now();
  const looks: Held[] = [];
  for (let look = 0; look * every_ms <= ms; look++) {
    await sleep(Math.max(0, start + look * every_ms - Date.now()));
    looks.push(await hold(devtools, start));
    tell(looks.at(-1)!);
  }
  await devtools.send('HeapProfiler.disable');
  return looks;
}

/** A message that is just being read is 5 MB that are not held: the least of several collections counts. */
const COLLECTIONS = 4;
const BETWEEN_MS = 170;

async function hold(devtools: CDPSession, start: number): Promise<Held> {
  let heap_bytes = Infinity;
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    await devtools.send('HeapProfiler.collectGarbage');
    heap_bytes = Math.min(heap_bytes, (await devtools.send('Runtime.getHeapUsage')).usedSize);
    await sleep(BETWEEN_MS);
  }
  const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
  return { s: Math.round((Date.now() - start) / 1000), heap_bytes, nodes, listeners: jsEventListeners };
}

/** The straight line through all looks: what it gains in an hour, and from the first look to the last as a share of the first. */
export function trend(looks: readonly Held[], value: (held: Held) => number): { per_hour: number; growth_percent: number } {
  const n = looks.length;
  const mean = (of: (held: Held) => number): number => looks.reduce((sum, held) => sum + of(held), 0) / n;
  const s = mean((held) => held.s);
  const y = mean(value);
  const slope = looks.reduce((sum, held) => sum + (held.s - s) * (value(held) - y), 0) / looks.reduce((sum, held) => sum + (held.s - s) ** 2, 0);
  const first = y + slope * (looks[0]!.s - s);
  return { per_hour: slope * 3600, growth_percent: (100 * slope * (looks.at(-1)!.s - looks[0]!.s)) / first };
}
