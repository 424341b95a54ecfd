import { reading, STEP_MS, type Member } from './source.js';

// What the database must hold, recomputed from the list of what was published by plain arithmetic: no SQL and no code of the product.

/** A published sample's name and event time. */
export interface Named {
  readonly server: string;
  readonly boot_id: string;
  readonly seq: number;
  readonly ts: number;
}

export type Period = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
export const PERIODS: readonly Period[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];

/** A row of a view: its key as text, and its figures by name. */
export type Figures = Record<string, number | null>;
export type Table = Map<string, Figures>;

/** Kathmandu: three quarters of an hour off the round hour, the same all year. */
export const TIMEZONE = 'Asia/Kathmandu';
const OFFSET_MS = (5 * 60 + 45) * 60_000;
const DAY_MS = 86_400_000;

/** Where the period that holds `ts` begins, Unix ms. */
export function startOf(period: Period, ts: number): number {
  const local = ts + OFFSET_MS;
  const day = Math.floor(local / DAY_MS);
  const date = new Date(local);
  const start = {
    minute: () => Math.floor(local / 60_000) * 60_000,
    hour: () => Math.floor(local / 3_600_000) * 3_600_000,
    day: () => day * DAY_MS,
    week: () => (day - ((date.getUTCDay() + 6) % 7)) * DAY_MS,
    month: () => Date.UTC(date.getUTCFullYear(), date.getUTCMonth()),
    year: () => Date.UTC(date.getUTCFullYear(), 0),
  }[period]();
  return start - OFFSET_MS;
}

interface Row extends Named {
  readonly up: number;
  readonly down: number;
  readonly read: ReturnType<typeof reading>;
}

/** Every sample with the growth of its counters since the server's sample before it in time, in whatever order they arrived. */
function book(published: readonly Named[], members: readonly Member[]): Row[] {
  return members.flatMap((member) => {
    const own = published.filter(({ server }) => server === member.server).sort((a, b) => a.ts - b.ts);
    const reads = own.map(({ boot_id, seq, ts }) => reading(member, boot_id, seq, ts));
    return own.map((named, i) => {
      const read = reads[i]!;
      const before = reads[i - 1];
      const rebooted = before !== undefined && (own[i - 1]!.boot_id !== named.boot_id || read.uptime_s < before.uptime_s);
      const grown = (was: number | undefined, is: number) => (was === undefined ? 0 : is >= was ? is - was : rebooted ? is : 0);
      return { ...named, read, up: grown(before?.network_out, read.network_out), down: grown(before?.network_in, read.network_in) };
    });
  });
}

/** The views of the contract by name. */
export function expectedViews(published: readonly Named[], members: readonly Member[]): Map<string, Table> {
  const rows = book(published, members);
  const views = new Map<string, Table>();
  for (const period of PERIODS) {
    views.set(`servers_by_${period}`, tabulate(groupBy(rows, (row) => `${startOf(period, row.ts)} ${row.server}`), serverFigures));
    const readings = rows.flatMap((row) => row.read.gpus.map((gpu) => ({ key: `${startOf(period, row.ts)} ${row.server} ${gpu.id}`, gpu })));
    views.set(`gpus_by_${period}`, tabulate(groupBy(readings, ({ key }) => key), (all) => cardFigures(all.map(({ gpu }) => gpu))));
  }
  for (const period of ['hour', 'day', 'month'] as const) views.set(`users_by_${period}`, userFigures(rows, period));
  return views;
}

function serverFigures(rows: readonly Row[]): Figures {
  const cpu = rows.map(({ read }) => read.cpu).sort((a, b) => a - b);
  const cards = rows[0]!.read.gpus.map(({ id }) => cardFigures(rows.map(({ read }) => read.gpus[id]!)));
  return {
    samples: rows.length, observed_s: (rows.length * STEP_MS) / 1000,
    cpu_mean: mean(cpu), cpu_median: (cpu[Math.floor((cpu.length - 1) / 2)]! + cpu[Math.floor(cpu.length / 2)]!) / 2, cpu_min: cpu[0]!, cpu_max: cpu.at(-1)!,
    memory_used_avg: mean(rows.map(({ read }) => read.memory_used)), memory_used_max: largest(rows.map(({ read }) => read.memory_used)),
    memory_total: rows[0]!.read.memory_total, hdd_used_avg: mean(rows.map(({ read }) => read.hdd_used)), hdd_total: rows[0]!.read.hdd_total,
    network_up_total: sum(rows.map(({ up }) => up)), network_down_total: sum(rows.map(({ down }) => down)),
    user_num_max: largest(rows.map(({ read }) => read.user_num!)),
    idle_rate_free8g: mean(cards.map((card) => card['idle_rate_free8g']!)), idle_rate_used10pct: mean(cards.map((card) => card['idle_rate_used10pct']!)),
  };
}

function cardFigures(gpus: readonly Row['read']['gpus'][number][]): Figures {
  return {
    samples: gpus.length, observed_s: (gpus.length * STEP_MS) / 1000, utilization_mean: mean(gpus.map((gpu) => gpu.utilization!)),
    memory_used_avg: mean(gpus.map((gpu) => gpu.memory_used)), memory_used_max: largest(gpus.map((gpu) => gpu.memory_used)), memory_total: gpus[0]!.memory_total,
    idle_rate_free8g: mean(gpus.map((gpu) => Number(gpu.memory_total - gpu.memory_used > 8 * 2 ** 30))),
    idle_rate_used10pct: mean(gpus.map((gpu) => Number(gpu.memory_used < 0.1 * gpu.memory_total))),
  };
}

function userFigures(rows: readonly Row[], period: Period): Table {
  const table: Table = new Map();
  for (const { ts, read } of rows) {
    for (const { processes = [] } of read.gpus) {
      for (const { user } of processes) {
        const key = `${startOf(period, ts)} ${user}`;
        const own = table.get(key) ?? { gpu_hours: 0, gpu_hours_fair: 0 };
        own['gpu_hours']! += STEP_MS / 3_600_000;
        own['gpu_hours_fair']! += STEP_MS / processes.length / 3_600_000;
        table.set(key, own);
      }
    }
  }
  return table;
}

function groupBy<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

const tabulate = <T>(groups: Map<string, T[]>, figures: (rows: T[]) => Figures): Table => new Map([...groups].map(([key, rows]) => [key, figures(rows)]));
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
const largest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value));
