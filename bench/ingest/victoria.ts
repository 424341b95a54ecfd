import { spawn, spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { freePort, waitFor } from '../../test/harness/nats.js';
import { cpuOf, end } from './processes.js';
import { samples, type Workload } from './workload.js';

export interface VictoriaResult {
  readonly samples_per_cpu_s: number;
  readonly bytes_per_sample: number;
}

/** The same samples into VictoriaMetrics, storing alone; `null` where it is not installed. */
export async function victoria(folder: string, count: number, workload: Workload): Promise<VictoriaResult | null> {
  const binary = ['victoria-metrics', 'victoria-metrics-prod'].find((name) => spawnSync(name, ['-version']).status === 0);
  if (!binary) return null;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(binary, [`-storageDataPath=${folder}`, `-httpListenAddr=127.0.0.1:${port}`, '-retentionPeriod=12'], { stdio: 'ignore' });
  try {
    await waitFor(() => fetch(`${url}/health`).then((answer) => answer.ok, () => false), 20_000, 'victoria-metrics');
    const before = cpuOf(child.pid!);
    let lines: string[] = [];
    let sent = 0;
    for (const sample of samples(workload)) {
      if (sent++ === count) break;
      lines.push(toLines(sample));
      if (lines.length < 5000) continue;
      await write(url, lines);
      lines = [];
    }
    await write(url, lines);
    await fetch(`${url}/internal/force_flush`);
    const cpu = cpuOf(child.pid!) - before;
    await fetch(`${url}/internal/force_merge`);
    await new Promise((resolve) => setTimeout(resolve, 5000));
    await end(child);
    return { samples_per_cpu_s: count / cpu, bytes_per_sample: (await sizeOf(path.join(folder, 'data'))) / count };
  } finally {
    await end(child);
  }
}

/** Influx lines: one of the server with 11 values, one of each card with 5. */
function toLines({ server, ts, gpus, cpu, load1, memory_total, memory_used, swap_total, swap_used, hdd_total, hdd_used, network_in, network_out, user_num }: ReturnType<typeof samples> extends Generator<infer S> ? S : never): string {
  const own = `server,server=${server} cpu=${cpu},load1=${load1},memory_total=${memory_total},memory_used=${memory_used},swap_total=${swap_total},swap_used=${swap_used},hdd_total=${hdd_total},hdd_used=${hdd_used},network_in=${network_in},network_out=${network_out},user_num=${user_num} ${ts}`;
  const cards = gpus.map((gpu) => `gpu,server=${server},gpu=${gpu.id} memory_total=${gpu.memory_total},memory_used=${gpu.memory_used},utilization=${gpu.utilization},temperature=${gpu.temperature},power=${gpu.power} ${ts}`);
  return [own, ...cards].join('\n');
}

async function write(url: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const answer = await fetch(`${url}/write?precision=ms`, { method: 'POST', body: lines.join('\n') });
  if (!answer.ok) throw new Error(`victoria-metrics: ${answer.status} ${await answer.text()}`);
}

async function sizeOf(folder: string): Promise<number> {
  let size = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) size += (await stat(path.join(entry.parentPath, entry.name))).size;
  }
  return size;
}
