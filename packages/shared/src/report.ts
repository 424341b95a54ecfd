import type { IdleThresholds } from './idle.js';

/** The report model of the contract, as stored, answered and rendered. Sizes in bytes, shares 0–1, CPU in percent. */
export type Period = 'day' | 'week' | 'month' | 'year';
export const PERIODS: readonly Period[] = ['day', 'week', 'month', 'year'];

export interface ReportIdleRate {
  free8g: number | null;
  used10pct: number | null;
}

export interface ServerLoad {
  server: string;
  name: string;
  cpu_mean: number;
}

/** When the CPU was busiest: `day` an hour, `week` a weekday and hour, `month` a day and an hour of day, `year` a month. */
export interface BusyTime {
  /** Start of the busiest bucket, Unix ms: an hour in reports of a day or a week, else a day or a month. */
  ts: number;
  /** Mean CPU of that bucket, percent. */
  cpu_mean: number;
  /** Day and week: the local hour of `ts`. Month: the hour of day that was busiest over the whole month, apart from `date`. */
  hour?: number;
  /** Month: mean CPU in that hour of day. */
  hour_cpu_mean?: number;
  /** ISO weekday of `ts`, 1 = Monday. */
  weekday?: number;
  /** Week: the weekday with the highest mean over all its hours; it need not be that of the busiest hour. */
  busiest_weekday?: { weekday: number; cpu_mean: number };
  /** Local date, yyyy-MM-dd. */
  date?: string;
  /** Local month, yyyy-MM. */
  month?: string;
}

/** A straight line through a server's daily means of `hdd_used` over the 30 days before the report's end. */
export interface DiskForecast {
  /** Days the line is drawn through. */
  days: number;
  bytes_per_day: number;
  /** Standard error of `bytes_per_day`. */
  bytes_per_day_error: number;
  /** Days from the report's end until the disk is full: by the line, and by lines two standard errors steeper and flatter (null: never). */
  full_in_days: { earliest: number; likely: number; latest: number | null } | null;
}

export interface ReportFigures {
  coverage: number;
  cpu_mean: number | null;
  cpu_median: number | null;
  cpu_min: number | null;
  cpu_max: number | null;
  memory_avg: { total: number | null; used: number | null };
  hdd_used_avg: number | null;
  hdd_total: number | null;
  network_up_total: number | null;
  network_down_total: number | null;
  idle_rate: ReportIdleRate;
  busy_time: BusyTime | null;
}

export interface ReportGpu {
  id: number;
  gpu_type: string | null;
  coverage: number;
  idle_rate: ReportIdleRate;
  utilization_mean: number | null;
  memory_used_avg: number | null;
  memory_used_max: number | null;
  memory_total: number | null;
  /** Hours in which memory was held while the card did nothing. */
  occupied_idle_hours: number;
}

export interface ReportServer extends ReportFigures {
  server: string;
  name: string;
  simulated: boolean;
  /** Observed time ÷ time since `first_seen`. */
  availability: number | null;
  /** Unix ms; the period's start for a server that was known before it. */
  first_seen: number;
  hdd_forecast: DiskForecast | null;
  gpus: ReportGpu[];
}

export interface ReportFleet extends ReportFigures {
  busy_server: ServerLoad | null;
  idle_server: ServerLoad | null;
  /** Totals ÷ observed days of the period, bytes. */
  network_up_daily_avg: number | null;
  network_down_daily_avg: number | null;
  /** Totals ÷ (observed days ÷ 7), bytes; null in the report of a day. */
  network_up_weekly_avg: number | null;
  network_down_weekly_avg: number | null;
  /** Totals ÷ observed months, bytes; in the report of a year alone. */
  network_up_monthly_avg: number | null;
  network_down_monthly_avg: number | null;
}

export interface ReportUser {
  user: string;
  gpu_hours: number;
  gpu_hours_fair: number;
  /** The fair part of the time in which the cards were occupied but idle. */
  idle_hours: number;
  /** The same by server, most hours first. */
  servers: { server: string; gpu_hours: number; gpu_hours_fair: number; idle_hours: number }[];
}

/**
 * The fleet by bucket: minutes for a day, hours for a week, days for a month, months for a year; the next coarser one where those were not
 * kept any more when the report was made. `memory_used` and `hdd_used`
 * are sums over the servers that were seen, `network_*` bytes per second over the bucket, `gpu_idle_rate` by `free8g`.
 */
export interface ReportTrends {
  /** Start of each bucket, Unix ms, without a gap from the period's start to its end (to now while it is open). */
  ts: number[];
  /** Observed time ÷ (bucket × servers of the report). */
  coverage: number[];
  cpu_mean: (number | null)[];
  memory_used: (number | null)[];
  hdd_used: (number | null)[];
  network_up: (number | null)[];
  network_down: (number | null)[];
  gpu_idle_rate: (number | null)[];
  gpu_idle_rate_used10pct: (number | null)[];
}

export interface ReportSentence {
  code: string;
  /** What the sentence says, for other languages and to find the figure behind it; `field` is its path in the report. */
  params: Record<string, string | number>;
  en: string;
  zh: string;
}

export interface Report {
  period: Period;
  /** Local date of the first day, yyyy-MM-dd. */
  start: string;
  /** Local date after the last day. */
  end: string;
  timezone: string;
  generated_at: number;
  /** 1, 2, …; 0 while the period is open: such a report is not kept. */
  revision: number;
  /** The period has not ended: figures and coverage are of the part that has passed. */
  open: boolean;
  /** Formula version: figures of two reports are comparable when it is the same. */
  formula: number;
  /** Late data arrived after this revision was made. */
  late: boolean;
  /** What a revision changed against the one before. */
  changes: { field: string; before: number | null; after: number | null }[];
  coverage: number;
  general: { server_num: number; user_num: number | null; gpu_num: number };
  fleet: ReportFleet;
  servers: ReportServer[];
  trends: ReportTrends;
  /** Mean CPU by ISO weekday (0 = Monday) and local hour. */
  heatmap: (number | null)[][];
  users: ReportUser[];
  /** What became of recommendations ten minutes later; `hit_rate` is (still free + taken by who asked) ÷ those whose end is known. */
  recommendation: { asked: number; still_free: number; hit_rate: number | null } | null;
  previous: Omit<ReportFleet, 'busy_time'> | null;
  summary: ReportSentence[];
  /** The thresholds behind `idle_rate`, as they stood at the period's end; absent in reports made before they were noted. */
  idle?: IdleThresholds;
}

export interface ReportListItem {
  period: Period;
  start: string;
  end: string;
  revision: number;
  generated_at: number;
  coverage: number;
  late: boolean;
}

/** `GET /reports`: the kept ones of a kind, newest first. */
export interface ReportList {
  reports: ReportListItem[];
  /** Whose days, weeks, months and years they are. */
  timezone: string;
  /** The first local date of the archives, yyyy-MM-dd: there is no report of a time before it. */
  since: string | null;
}

/** `GET /reports/compare`: two reports of one kind, the fleet's figures side by side and each server's that is in both. */
export interface ReportComparison {
  period: Period;
  a: ReportListItem;
  b: ReportListItem;
  /** Paths in the report, such as `fleet.cpu_mean`. */
  fields: { field: string; a: number | null; b: number | null }[];
  servers: { server: string; name: string; fields: { field: string; a: number | null; b: number | null }[] }[];
}
