import type { FleetRow, IdleDefinitions, LikeIndex } from '@vacancy/shared';
import type { Format } from '../format/format.js';
import { factsOf } from './facts.js';
import { sortBy, type Ordering } from './order.js';
import { remembered } from './remembered.js';

export const COLUMN_KEYS = [
  'name', 'like_index', 'cpu', 'cpu_median', 'memory', 'gpus', 'gpu_free', 'gpu_utilization', 'gpu_idle', 'idle_rate', 'gpu_type',
  'hdd_rate', 'network_down', 'network_up', 'user_num', 'load1', 'uptime', 'address', 'location', 'last_ts',
] as const;
export type ColumnKey = (typeof COLUMN_KEYS)[number];

export const DEFAULT_COLUMNS: readonly ColumnKey[] = [
  'name', 'like_index', 'cpu', 'memory', 'gpus', 'gpu_free', 'gpu_utilization', 'hdd_rate', 'network_down', 'network_up', 'user_num', 'location',
];

type Value = string | number | null;

/** The definition of an idle card that the page leads with. */
type Lead = IdleDefinitions['lead'];

/** What a column shows and sorts by; `bar` is a share (0–1) drawn behind the text. */
export interface Column {
  width: number;
  align: 'start' | 'end';
  /** The direction of the first click: figures are looked at from the top. */
  first: 'asc' | 'desc';
  value(row: FleetRow, lead: Lead): Value;
  text(row: FleetRow, f: Format, lead: Lead): string;
  bar?(row: FleetRow): number | null;
}

const LIKE_ORDER: Record<LikeIndex, number> = { free: 0, light: 1, busy: 2 };

export const COLUMNS: Record<ColumnKey, Column> = {
  name: { width: 240, align: 'start', first: 'asc', value: (row) => row.name, text: (row) => row.name },
  like_index: { width: 88, align: 'start', first: 'asc', value: likeOrder, text: (row) => row.like_index },
  cpu: figure(84, (row) => row.cpu, (row, f) => f.percent(row.cpu), (row) => row.cpu / 100),
  cpu_median: figure(118, (row) => row.windows['5m'].cpu_median, (row, f) => f.percent(row.windows['5m'].cpu_median), (row) => part(row.windows['5m'].cpu_median, 100)),
  memory: figure(160, (row) => part(row.memory_used, row.memory_total), (row, f) => `${f.bytes(row.memory_used, 0)} / ${f.bytes(row.memory_total, 0)}`, (row) => part(row.memory_used, row.memory_total)),
  gpus: { width: 120, align: 'start', first: 'desc', value: (row) => row.gpus.length, text: (row, f) => f.number(row.gpus.length) },
  gpu_free: figure(100, bestFree, (row, f) => f.bytes(bestFree(row))),
  gpu_utilization: figure(76, meanUtilization, (row, f) => f.percent(meanUtilization(row)), (row) => part(meanUtilization(row), 100)),
  gpu_idle: figure(84, idleCards, (row, f, lead) => (row.gpus.length ? `${f.number(idleCards(row, lead))} / ${f.number(row.gpus.length)}` : f.number(null))),
  idle_rate: figure(92, (row, lead) => row.windows['60m'].idle_rate[lead], (row, f, lead) => f.share(row.windows['60m'].idle_rate[lead])),
  gpu_type: { width: 170, align: 'start', first: 'asc', value: models, text: (row) => models(row) ?? '–' },
  hdd_rate: figure(84, (row) => row.hdd_rate, (row, f) => f.percent(row.hdd_rate), (row) => part(row.hdd_rate, 100)),
  network_down: figure(100, (row) => row.network_down, (row, f) => f.rate(row.network_down)),
  network_up: figure(100, (row) => row.network_up, (row, f) => f.rate(row.network_up)),
  user_num: figure(70, (row) => row.user_num, (row, f) => f.number(row.user_num)),
  load1: figure(70, (row) => row.load1, (row, f) => f.number(row.load1, 1)),
  uptime: figure(112, (row) => row.uptime_s, (row, f) => f.duration(row.uptime_s)),
  address: { width: 124, align: 'start', first: 'asc', value: (row) => row.address, text: (row) => row.address ?? '–' },
  location: { width: 124, align: 'start', first: 'asc', value: (row) => row.location, text: (row) => row.location ?? '–' },
  last_ts: figure(100, (row) => row.last_ts, (row, f) => f.time(row.last_ts)),
};

export interface Filter {
  text: string;
  location: string;
  gpu_type: string;
  /** A level of the index, or `offline`. */
  state: string;
}

export const NO_FILTER: Filter = { text: '', location: '', gpu_type: '', state: '' };

export function filterRows(rows: readonly FleetRow[], filter: Filter): FleetRow[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      (filter.location === '' || row.location === filter.location) &&
      (filter.gpu_type === '' || row.gpus.some((card) => card.gpu_type === filter.gpu_type)) &&
      (filter.state === '' || stateOf(row) === filter.state) &&
      words.every((word) => searchText(row).includes(word)),
  );
}

export function sortRows(rows: readonly FleetRow[], key: ColumnKey, direction: 'asc' | 'desc', ordering: Ordering, lead: Lead = 'free8g'): FleetRow[] {
  return sortBy(rows, (row) => COLUMNS[key].value(row, lead), (row) => row.server, direction, ordering);
}

/** The distinct values there are to filter by, in order. */
export function choices(rows: readonly FleetRow[], locale: string): { locations: string[]; models: string[] } {
  const collator = new Intl.Collator(locale, { numeric: true });
  const locations = new Set<string>();
  const models = new Set<string>();
  for (const row of rows) {
    if (row.location !== null) locations.add(row.location);
    for (const model of factsOf(row).models) models.add(model);
  }
  return { locations: [...locations].sort(collator.compare), models: [...models].sort(collator.compare) };
}

export const stateOf = (row: FleetRow): LikeIndex | 'offline' => (row.online ? row.like_index : 'offline');

function figure(width: number, value: Column['value'], text: Column['text'], bar?: Column['bar']): Column {
  return { width, align: 'end', first: 'desc', value, text, ...(bar && { bar }) };
}

const part = (value: number | null, whole: number): number | null => (value === null || whole <= 0 ? null : Math.min(1, value / whole));

function likeOrder(row: FleetRow): number {
  return row.online ? LIKE_ORDER[row.like_index] : 3;
}

function bestFree(row: FleetRow): number | null {
  return row.gpus.length ? Math.max(...row.gpus.map((card) => card.memory_free)) : null;
}

function meanUtilization(row: FleetRow): number | null {
  const values = row.gpus.map((card) => card.utilization).filter((value) => value !== null);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

function idleCards(row: FleetRow, lead: Lead): number | null {
  return row.gpus.length ? factsOf(row).idle[lead] : null;
}

function models(row: FleetRow): string | null {
  const counts = new Map<string, number>();
  for (const card of row.gpus) if (card.gpu_type) counts.set(card.gpu_type, (counts.get(card.gpu_type) ?? 0) + 1);
  return counts.size ? [...counts].map(([model, count]) => `${count} × ${model}`).join(', ') : null;
}

const searchText = remembered((row: FleetRow): string => {
  const users = row.gpus.flatMap((card) => card.users);
  return [row.server, row.name, row.address, row.location, ...factsOf(row).models, ...users].filter(Boolean).join(' ').toLowerCase();
});
