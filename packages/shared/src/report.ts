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
  /** Start of the busiest bucket, Unix ms. */
  ts: number;
  cpu_mean: number;
  hour?: number;
  /** ISO weekday, 1 = Monday. */
  weekday?: number;
  /** Local date, yyyy-MM-dd. */
  date?: string;
  /** Local month, yyyy-MM. */
  month?: string;
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
}

export interface ReportServer extends ReportFigures {
  server: string;
  name: string;
  simulated: boolean;
  availability: number | null;
  gpus: ReportGpu[];
}

export interface ReportFleet extends ReportFigures {
  busy_server: ServerLoad | null;
  idle_server: ServerLoad | null;
  /** Totals ÷ observed days of the period, bytes. */
  network_up_daily_avg: number | null;
  network_down_daily_avg: number | null;
}

export interface ReportUser {
  user: string;
  gpu_hours: number;
  gpu_hours_fair: number;
  idle_hours: number;
}

export interface ReportTrends {
  ts: number[];
  cpu_mean: (number | null)[];
  memory_used: (number | null)[];
  hdd_used: (number | null)[];
  network_up: (number | null)[];
  network_down: (number | null)[];
  gpu_idle_rate: (number | null)[];
}

export interface ReportSentence {
  code: string;
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
  revision: number;
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
  recommendation: { asked: number; still_free: number; hit_rate: number | null } | null;
  previous: Omit<ReportFleet, 'busy_time'> | null;
  summary: ReportSentence[];
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
