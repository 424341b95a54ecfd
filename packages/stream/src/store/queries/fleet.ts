import { systemClock, type Clock, type Series } from '@vacancy/shared';
import type { Database } from '../client.js';
import type { ArchiveSettings } from '../settings.js';
import { column, indexOf, startsOf, SeriesFieldError } from './series.js';
import { planSteps, type Plan } from './steps.js';

export interface FleetSeriesRequest {
  readonly fields: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly step?: number | undefined;
}

/** Per point: the mean over servers by observed time, or the sum of the servers' own means. */
const FIGURES = {
  cpu: 'sum(cpu_ms) / sum(observed_ms)',
  memory_used: 'sum(memory_used)',
  memory_total: 'sum(memory_total)',
  hdd_used: 'sum(hdd_used)',
  hdd_total: 'sum(hdd_total)',
  network_up: 'sum(network_up)',
  network_down: 'sum(network_down)',
  online_num: 'count()',
} as const;

/** Over all cards of the fleet. */
const CARD_FIGURES = {
  idle_rate_free8g: 'avg(free8g)',
  idle_rate_used10pct: 'avg(used10pct)',
  gpu_num: 'count()',
} as const;

export const FLEET_SERIES_FIELDS = [...Object.keys(FIGURES), ...Object.keys(CARD_FIGURES)];

/** The fleet's figures over time, from the archives (a minute is the finest); `null` where nothing was observed. */
export async function fleetSeries(db: Database, settings: ArchiveSettings, request: FleetSeriesRequest, clock: Clock = systemClock): Promise<Series> {
  const unknown = request.fields.find((name) => !FLEET_SERIES_FIELDS.includes(name));
  if (unknown !== undefined) throw new SeriesFieldError(`There is no series "${unknown}" of the fleet. There are ${FLEET_SERIES_FIELDS.join(', ')}.`);
  const { from, to, step } = request;
  const plan = planSteps({ from, to, step: Math.max(step ?? (to - from) / 1000, 60_000) }, settings.retention, clock.now());
  const ts = await startsOf(db, plan, settings.timezone, request);
  const params = { start: ts[0] ?? to, end: to, step: plan.step_ms, ...(plan.level === 'day' && { starts: ts }) };
  const wants = (figures: object) => request.fields.filter((name) => name in figures);
  const [servers, cards] = await Promise.all([
    wants(FIGURES).length > 0 ? db.rows<FleetRow>(serversSql(plan), params) : [],
    wants(CARD_FIGURES).length > 0 ? db.rows<FleetRow>(cardsSql(plan), params) : [],
  ]);
  const series: Series = { ts };
  for (const name of request.fields) series[name] = column(ts, name in FIGURES ? servers : cards, (row) => row[name]);
  return series;
}

type FleetRow = { i: number } & Record<string, number | null>;

const select = (figures: Record<string, string>): string => Object.entries(figures).map(([name, sql]) => `${sql} AS \`${name}\``).join(', ');

const time = (plan: Plan): string => (plan.level === 'day' ? 'a.bucket' : 'toUnixTimestamp(a.bucket) * 1000');

const SCOPE = 'a.bucket >= toDateTime(intDiv({start:Int64}, 1000)) AND a.bucket < toDateTime(intDiv({end:Int64} + 999, 1000))';

const serversSql = (plan: Plan): string => `
SELECT i, ${select(qualified(FIGURES))}
FROM (
  SELECT ${indexOf(plan, time(plan))} AS i, a.server AS server,
    sum(a.observed_ms) AS observed_ms, sum(a.cpu_ms) AS cpu_ms,
    sum(a.memory_used_ms) / observed_ms AS memory_used, max(a.memory_total) AS memory_total,
    sum(a.hdd_used_ms) / observed_ms AS hdd_used, max(a.hdd_total) AS hdd_total,
    sum(a.network_up_total) * 1000 / nullIf(sum(a.network_up_known_ms), 0) AS network_up,
    sum(a.network_down_total) * 1000 / nullIf(sum(a.network_down_known_ms), 0) AS network_down
  FROM servers_${plan.level} AS a WHERE ${SCOPE} GROUP BY i, server HAVING sum(a.samples) > 0
) AS f GROUP BY i ORDER BY i`;

const cardsSql = (plan: Plan): string => `
SELECT i, ${select(qualified(CARD_FIGURES))}
FROM (
  SELECT ${indexOf(plan, time(plan))} AS i, a.server AS server, a.gpu AS gpu,
    sum(a.free8g_ms) / sum(a.observed_ms) AS free8g, sum(a.used10pct_ms) / sum(a.observed_ms) AS used10pct
  FROM gpus_${plan.level} AS a WHERE ${SCOPE} GROUP BY i, server, gpu
) AS f GROUP BY i ORDER BY i`;

/** A column that has the name of the figure made from it is named with its table, else the engine takes the figure itself. */
const qualified = (figures: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(figures).map(([name, sql]) => [name, sql.replace(/\((\w+)\)/g, '(f.$1)')]));
