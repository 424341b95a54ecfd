import { KIB } from '@vacancy/shared/plain';
import type { Collector } from './collector.js';
import { ProcFile } from './proc-file.js';

export interface Memory {
  readonly memory_total: number;
  readonly memory_used: number;
  readonly swap_total: number;
  readonly swap_used: number;
}

/**
 * The text of /proc/meminfo → bytes. Used memory is total − free − buffers − cached − reclaimable slabs, as ServerStatus
 * counts it, so that agents of both kinds on one page mean the same.
 */
export function parseMeminfo(text: string): Memory {
  const kib = (key: string): number => {
    const at = text.startsWith(`${key}:`) ? 0 : text.indexOf(`\n${key}:`) + 1;
    return at === 0 && !text.startsWith(key) ? 0 : Number.parseInt(text.slice(at + key.length + 1, at + key.length + 32), 10) || 0;
  };
  const total = kib('MemTotal');
  if (!total) throw new Error('/proc/meminfo has no MemTotal');
  const used = total - kib('MemFree') - kib('Buffers') - kib('Cached') - kib('SReclaimable');
  const swap = kib('SwapTotal');
  return {
    memory_total: total * KIB,
    memory_used: Math.max(0, used) * KIB,
    swap_total: swap * KIB,
    swap_used: Math.max(0, swap - kib('SwapFree')) * KIB,
  };
}

export class MemoryCollector implements Collector<Memory>, Disposable {
  readonly name = 'memory';
  readonly cadence_ms = 0;
  readonly #file: ProcFile;

  constructor(path = '/proc/meminfo') {
    this.#file = new ProcFile(path);
  }

  async collect(): Promise<Memory> {
    return parseMeminfo(this.#file.read());
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
