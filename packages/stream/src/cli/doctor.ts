import { statfs } from 'node:fs/promises';
import type { Command } from 'commander';
import { GIB, type LiveRow } from '@vacancy/shared';
import type { Health } from '../http/routes/health.js';
import { dataDir } from './data-dir.js';
import { ask, hubUrl } from './hub-api.js';
import { table } from './terminal.js';

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** A clock off by more than this moves samples into the wrong minute. */
const CLOCK_OFF_MS = 2_000;

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('look at everything that may be wrong, and say what to do')
    .option('--url <url>', 'where the service answers')
    .action(async (options: { url?: string }) => {
      const findings = [await disk(), ...(await service(hubUrl(options.url)))];
      process.stdout.write(`${table([['', 'what', 'how it stands'], ...findings.map(({ what, ok, detail }) => [ok ? 'ok' : '!!', what, detail])])}\n`);
      process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1;
    });
}

async function disk(): Promise<Finding> {
  const folder = dataDir();
  try {
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    return { what: 'disk', ok: free > 2 * GIB, detail: `${(free / GIB).toFixed(1)} GiB free at ${folder}` };
  } catch {
    return { what: 'disk', ok: true, detail: `no data folder at ${folder} yet` };
  }
}

async function service(url: string): Promise<Finding[]> {
  let health: Health;
  let rows: LiveRow[];
  try {
    health = await ask<Health>(url, '/readyz');
    rows = (await ask<{ servers: LiveRow[] }>(url, '/api/v1/servers')).servers;
  } catch (error) {
    return [{ what: 'service', ok: false, detail: (error as Error).message }];
  }
  return [
    { what: 'service', ok: true, detail: url },
    ...(['broker', 'database', 'windows'] as const).map((what) => ({ what, ok: health[what].ready, detail: health[what].detail })),
    { what: 'servers', ok: rows.length > 0, detail: `${rows.filter((row) => row.online).length} of ${rows.length} online` },
    ...rows.flatMap(agent),
  ];
}

function agent(row: LiveRow): Finding[] {
  const finding = (detail: string): Finding => ({ what: row.server, ok: false, detail });
  const offset = row.health?.clock_offset_ms ?? 0;
  return [
    ...(row.online ? [] : [finding(`silent since ${new Date(row.offline_since ?? row.last_ts).toISOString()}; is its agent running?`)]),
    ...(row.clock_skewed || Math.abs(offset) > CLOCK_OFF_MS ? [finding(`its clock is ${Math.round(offset / 1000)} s off; set up time synchronisation there`)] : []),
    ...(row.health?.spool_dropped ? [finding(`gave up ${row.health.spool_dropped} samples because its spool was full`)] : []),
    ...(row.health?.failures ?? []).map(({ collector, reason }) => finding(`${collector}: ${reason}`)),
  ];
}
