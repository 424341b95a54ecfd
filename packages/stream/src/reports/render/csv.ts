import { DateTime } from 'luxon';
import type { Report, ReportFigures } from '@vacancy/shared';
import { figuresOf } from '../changes.js';
import { busyTime, clock, dayOf } from './format.js';
import type { Lang } from '../../deliver/lang.js';
import { plain } from '../../deliver/plain.js';
import { WORDS } from './words.js';

type Cell = string | number | null;

/**
 * The report as tables under one another, each with a title line and a line of the fields' names. Numbers are plain, in the units of
 * the contract (bytes, percent, shares 0–1); what is not known is an empty cell. The mark at the start is what makes Excel read UTF-8.
 */
export function renderCsv(report: Report, lang: Lang): string {
  const words = WORDS[lang];
  const { period, start, end, timezone, generated_at, revision, coverage, general, fleet } = report;
  const title = [`${words.title[period]}`, 'period', 'start', 'end', 'timezone', 'generated_at', 'revision', 'coverage'];
  const before = figuresOf(report.previous ?? {});
  const tables: Cell[][][] = [
    [title, ['', period, start, end, timezone, local(generated_at, timezone), revision, coverage]],
    [[words.figures, 'field', 'value', 'previous'], ...[...figuresOf({ ...general, ...fleet })].map(([field, value]) => ['', field, value, before.get(field) ?? null]), ...named(report)],
    [[words.servers, 'server', 'name', 'coverage', 'availability', ...FIGURES.map(([field]) => field), 'hdd_full_in_days', 'busy_time'], ...report.servers.map((server) => ['', server.server, server.name, server.coverage, server.availability, ...FIGURES.map(([, of]) => of(server)), server.hdd_forecast?.full_in_days?.likely ?? null, busyTime(server.busy_time, period, lang).when])],
    [[words.cards, 'server', 'name', 'gpu', 'gpu_type', 'coverage', 'idle_rate_free8g', 'idle_rate_used10pct', 'utilization_mean', 'memory_used_avg', 'memory_used_max', 'memory_total', 'occupied_idle_hours'], ...report.servers.flatMap((server) => server.gpus.map((gpu) => ['', server.server, server.name, gpu.id, gpu.gpu_type, gpu.coverage, gpu.idle_rate.free8g, gpu.idle_rate.used10pct, gpu.utilization_mean, gpu.memory_used_avg, gpu.memory_used_max, gpu.memory_total, gpu.occupied_idle_hours]))],
    [[words.users, 'user', 'server', 'gpu_hours', 'gpu_hours_fair', 'idle_hours'], ...report.users.flatMap((user) => [['', user.user, '', user.gpu_hours, user.gpu_hours_fair, user.idle_hours], ...user.servers.map((at) => ['', user.user, at.server, at.gpu_hours, at.gpu_hours_fair, at.idle_hours])])],
    [[words.trends, 'time', ...TRENDS], ...report.trends.ts.map((ts, i) => ['', local(ts, timezone), ...TRENDS.map((field) => report.trends[field][i] ?? null)])],
    [[words.heatmap, 'weekday', ...HOURS], ...report.heatmap.map((hours, day) => ['', dayOf(day + 1, lang), ...hours])],
    ...(report.summary.length > 0 ? [[[words.summary, 'code', 'text'], ...report.summary.map((sentence) => ['', sentence.code, sentence[lang]])]] : []),
  ];
  return `\ufeff${tables.map((rows) => rows.map(line).join('')).join('\r\n')}`;
}

const FIGURES: readonly (readonly [string, (figures: ReportFigures) => number | null])[] = [
  ['cpu_mean', (f) => f.cpu_mean], ['cpu_median', (f) => f.cpu_median], ['cpu_min', (f) => f.cpu_min], ['cpu_max', (f) => f.cpu_max],
  ['memory_avg_used', (f) => f.memory_avg.used], ['memory_avg_total', (f) => f.memory_avg.total], ['hdd_used_avg', (f) => f.hdd_used_avg], ['hdd_total', (f) => f.hdd_total],
  ['network_up_total', (f) => f.network_up_total], ['network_down_total', (f) => f.network_down_total],
  ['idle_rate_free8g', (f) => f.idle_rate.free8g], ['idle_rate_used10pct', (f) => f.idle_rate.used10pct],
];

const TRENDS = ['coverage', 'cpu_mean', 'memory_used', 'hdd_used', 'network_up', 'network_down', 'gpu_idle_rate', 'gpu_idle_rate_used10pct'] as const;

const HOURS = Array.from({ length: 24 }, (_, hour) => clock(hour));

/** What of the fleet is no number. */
const named = ({ fleet, timezone, previous }: Report): Cell[][] => [
  ['', 'busy_server', fleet.busy_server?.server ?? null, previous?.busy_server?.server ?? null],
  ['', 'idle_server', fleet.idle_server?.server ?? null, previous?.idle_server?.server ?? null],
  ['', 'busy_time', fleet.busy_time && local(fleet.busy_time.ts, timezone), null],
];

const local = (ts: number, timezone: string): string => DateTime.fromMillis(ts, { zone: timezone }).toFormat('yyyy-MM-dd HH:mm:ss');

const line = (cells: readonly Cell[]): string => `${cells.map(cell).join(',')}\r\n`;

/** A text that a spreadsheet would run as a formula gets an apostrophe in front; a number is a number. */
function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = plain(value).trimStart();
  const safe = /^[=+\-@|%\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text;
  return /[",\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
