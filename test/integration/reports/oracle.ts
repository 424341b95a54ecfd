import type { Arrived } from './fleet.js';

// Recomputes a report from the raw samples with nothing but arithmetic and the platform's calendar: no SQL, no code of the product.

export interface Local {
  readonly date: string;
  readonly hour: number;
  /** 1 is Monday. */
  readonly weekday: number;
}

export function calendar(timezone: string): (ts: number) => Local {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', hourCycle: 'h23', weekday: 'short' });
  const cache = new Map<number, Local>();
  return (ts) => {
    const quarter = Math.floor(ts / 900_000);
    let local = cache.get(quarter);
    if (!local) {
      const part = Object.fromEntries(format.formatToParts(quarter * 900_000).map(({ type, value }) => [type, value]));
      local = { date: `${part['year']}-${part['month']}-${part['day']}`, hour: Number(part['hour']), weekday: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(part['weekday']!) + 1 };
      cache.set(quarter, local);
    }
    return local;
  };
}

const dayAfter = (date: string, days: number): string => new Date(Date.parse(`${date}T12:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** The local dates of a period. */
export function datesOf(period: 'day' | 'week' | 'month' | 'year', start: string): Set<string> {
  const within = { day: (d: string) => d === start, week: (d: string) => d < dayAfter(start, 7), month: (d: string) => d.slice(0, 7) === start.slice(0, 7), year: (d: string) => d.slice(0, 4) === start.slice(0, 4) }[period];
  const dates = new Set<string>();
  for (let date = start; within(date); date = dayAfter(date, 1)) dates.add(date);
  return dates;
}

/** Length of the dates in the zone, counted in quarters of an hour. */
export function lengthOf(dates: Set<string>, local: (ts: number) => Local): { from: number; to: number } {
  const all = [...dates];
  const first = Date.parse(`${all[0]}T00:00Z`) - 86_400_000;
  const last = Date.parse(`${all.at(-1)}T00:00Z`) + 2 * 86_400_000;
  let from = Infinity;
  let to = 0;
  for (let ts = first; ts < last; ts += 900_000) {
    if (!dates.has(local(ts).date)) continue;
    from = Math.min(from, ts);
    to = Math.max(to, ts + 900_000);
  }
  return { from, to };
}

interface Booked extends Arrived {
  up: number;
  down: number;
  /** Over which both are known to have grown. */
  grown_ms: { up: number; down: number };
  local: Local;
  /** Cards that were occupied but idle, by id. */
  wasted: Set<number>;
}

/** What became known in the end: times put right, increases against the sample before in the agent's own order. */
export function book(samples: readonly Arrived[], local: (ts: number) => Local): Booked[] {
  const servers = groupRows(samples.map((sample) => ({ ...sample, ts: sample.ts > sample.received_ts + 60_000 ? sample.received_ts : sample.ts })), (sample) => sample.server);
  return [...servers.values()].flatMap((own) => {
    const since = new Map<string, number>();
    for (const sample of own) if (!since.has(sample.boot_id)) since.set(sample.boot_id, sample.ts);
    own.sort((a, b) => since.get(a.boot_id)! - since.get(b.boot_id)! || a.seq - b.seq);
    const streaks = new Map<number, { since: number; last: number }>();
    return own.map((sample, i) => {
      const before = own[i - 1];
      const restarted = before && (before.boot_id !== sample.boot_id || sample.uptime_s < before.uptime_s);
      const grown = (a: number, b: number) => (b >= a ? b - a : restarted ? b : 0);
      const grownMs = (a: number, b: number) => (before && (b >= a || restarted) ? Math.max(0, sample.ts - before.ts) : 0);
      const wasted = new Set<number>();
      for (const gpu of sample.gpus) {
        const lazy = gpu.memory_used >= 0.1 * gpu.memory_total && gpu.utilization !== undefined && gpu.utilization < 5;
        const streak = streaks.get(gpu.id);
        if (!lazy) streaks.delete(gpu.id);
        else {
          const goesOn = streak && sample.ts - streak.last <= Math.max(300_000, 3 * sample.interval_ms);
          const began = goesOn ? streak.since : sample.ts - sample.interval_ms;
          streaks.set(gpu.id, { since: began, last: sample.ts });
          if (sample.ts - began >= 300_000) wasted.add(gpu.id);
        }
      }
      return {
        ...sample, wasted, local: local(sample.ts),
        up: before ? grown(before.network_out, sample.network_out) : 0,
        down: before ? grown(before.network_in, sample.network_in) : 0,
        grown_ms: { up: grownMs(before?.network_out ?? 0, sample.network_out), down: grownMs(before?.network_in ?? 0, sample.network_in) },
      };
    });
  });
}

export function groupRows<T, K>(rows: readonly T[], of: (row: T) => K): Map<K, T[]> {
  const map = new Map<K, T[]>();
  for (const row of rows) {
    const group = map.get(of(row));
    if (group) group.push(row);
    else map.set(of(row), [row]);
  }
  return map;
}

const sum = <T>(rows: readonly T[], of: (row: T) => number): number => rows.reduce((total, row) => total + of(row), 0);
const weighted = (rows: readonly Booked[], of: (row: Booked) => number): number => sum(rows, (row) => of(row) * row.interval_ms) / sum(rows, (row) => row.interval_ms);

/** Bytes a second, servers added up; null where no server's is known. */
function rates(servers: readonly Booked[][], bytes: (row: Booked) => number, ms: (row: Booked) => number): number | null {
  const known = servers.filter((own) => sum(own, ms) > 0);
  return known.length > 0 ? sum(known, (own) => (sum(own, bytes) * 1000) / sum(own, ms)) : null;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const best = <K>(groups: Map<K, Booked[]>): { key: K; mean: number } =>
  [...groups].map(([key, rows]) => ({ key, mean: weighted(rows, (row) => row.cpu) })).reduce((a, b) => (b.mean > a.mean ? b : a));

export function figures(rows: readonly Booked[], length_ms: number) {
  const cards = groupRows(rows.flatMap((row) => row.gpus.map((gpu) => ({ row, gpu, key: `${row.server}/${gpu.id}` }))), ({ key }) => key);
  const share = (readings: readonly { row: Booked; gpu: Booked['gpus'][number] }[], idle: (gpu: Booked['gpus'][number]) => boolean) =>
    sum(readings.filter(({ gpu }) => idle(gpu)), ({ row }) => row.interval_ms) / sum(readings, ({ row }) => row.interval_ms);
  const free8g = (gpu: Booked['gpus'][number]) => gpu.memory_total - gpu.memory_used > 8 * 2 ** 30;
  const used10pct = (gpu: Booked['gpus'][number]) => gpu.memory_used < 0.1 * gpu.memory_total;
  const mean = (values: readonly number[]) => (values.length > 0 ? sum(values, (value) => value) / values.length : null);
  const servers = [...groupRows(rows, (row) => row.server).values()];
  return {
    coverage: Math.min(1, sum(rows, (row) => row.interval_ms) / (servers.length * length_ms)),
    cpu_mean: weighted(rows, (row) => row.cpu),
    cpu_median: median(rows.map((row) => row.cpu)),
    cpu_min: Math.min(...rows.map((row) => row.cpu)),
    cpu_max: Math.max(...rows.map((row) => row.cpu)),
    memory_avg: { total: sum(servers, (own) => Math.max(...own.map((row) => row.memory_total))), used: sum(servers, (own) => weighted(own, (row) => row.memory_used)) },
    hdd_used_avg: sum(servers, (own) => weighted(own, (row) => row.hdd_used)),
    hdd_total: sum(servers, (own) => Math.max(...own.map((row) => row.hdd_total))),
    network_up_total: sum(rows, (row) => row.up),
    network_down_total: sum(rows, (row) => row.down),
    network_up: rates(servers, (row) => row.up, (row) => row.grown_ms.up),
    network_down: rates(servers, (row) => row.down, (row) => row.grown_ms.down),
    idle_rate: {
      free8g: mean([...cards.values()].map((readings) => share(readings, free8g))),
      used10pct: mean([...cards.values()].map((readings) => share(readings, used10pct))),
    },
    cards: [...cards].map(([key, readings]) => {
      const known = readings.filter(({ gpu }) => gpu.utilization !== undefined);
      return {
        key,
        coverage: Math.min(1, sum(readings, ({ row }) => row.interval_ms) / length_ms),
        idle_rate: { free8g: share(readings, free8g), used10pct: share(readings, used10pct) },
        utilization_mean: known.length > 0 ? sum(known, ({ row, gpu }) => gpu.utilization! * row.interval_ms) / sum(known, ({ row }) => row.interval_ms) : null,
        memory_used_avg: sum(readings, ({ row, gpu }) => gpu.memory_used * row.interval_ms) / sum(readings, ({ row }) => row.interval_ms),
        memory_used_max: Math.max(...readings.map(({ gpu }) => gpu.memory_used)),
        occupied_idle_hours: sum(readings.filter(({ row, gpu }) => row.wasted.has(gpu.id)), ({ row }) => row.interval_ms) / 3_600_000,
      };
    }),
  };
}

export const busiest = <K>(rows: readonly Booked[], of: (row: Booked) => K): { key: K; mean: number } => best(groupRows(rows, of));
export const byServer = (rows: readonly Booked[]): Map<string, Booked[]> => groupRows(rows, (row) => row.server);
export const meanCpu = (rows: readonly Booked[]): number => weighted(rows, (row) => row.cpu);

/** The straight line through one server's daily means of the 30 local days up to `last`, and where it reaches the disk's size, in days after `last`. */
export function diskLine(rows: readonly Booked[], last: string): { days: number; slope: number; full: number } | null {
  const days = Array.from({ length: 30 }, (_, i) => dayAfter(last, i - 29));
  const byDate = groupRows(rows, (row) => row.local.date);
  const seen = days.flatMap((date, i) => (byDate.has(date) ? [{ x: i + 0.5, rows: byDate.get(date)! }] : []));
  if (seen.length < 7) return null;
  const points = seen.map(({ x, rows: own }) => ({ x, y: weighted(own, (row) => row.hdd_used) }));
  const n = points.length;
  const [sx, sy] = [sum(points, (point) => point.x), sum(points, (point) => point.y)];
  const slope = (n * sum(points, ({ x, y }) => x * y) - sx * sy) / (n * sum(points, ({ x }) => x * x) - sx * sx);
  const size = Math.max(...seen.flatMap(({ rows: own }) => own.map((row) => row.hdd_total)));
  return { days: n, slope, full: (size - (sy - slope * sx) / n) / slope - 30 };
}

/** Hours of users: whole, divided fairly, and the fair part of what was held for nothing. */
export function hoursOfUsers(rows: readonly Booked[]): Map<string, { gpu_hours: number; gpu_hours_fair: number; idle_hours: number }> {
  const hours = new Map<string, { gpu_hours: number; gpu_hours_fair: number; idle_hours: number }>();
  for (const row of rows) {
    for (const gpu of row.gpus) {
      const users = [...new Set((gpu.processes ?? []).filter((process) => process.user && process.memory_used !== 0).map((process) => process.user!))];
      users.forEach((user, i) => {
        const fair = Math.floor(row.interval_ms / users.length) + (i < row.interval_ms % users.length ? 1 : 0);
        const own = hours.get(user) ?? { gpu_hours: 0, gpu_hours_fair: 0, idle_hours: 0 };
        own.gpu_hours += row.interval_ms / 3_600_000;
        own.gpu_hours_fair += fair / 3_600_000;
        if (row.wasted.has(gpu.id)) own.idle_hours += fair / 3_600_000;
        hours.set(user, own);
      });
    }
  }
  return hours;
}
export type { Booked as OracleRow };
