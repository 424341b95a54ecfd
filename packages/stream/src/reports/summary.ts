import type { BusyTime, DiskForecast, Period, Report, ReportFleet, ReportSentence, ReportServer } from '@vacancy/shared';
import { cardTime, untilOf } from './card-time.js';
import { bytes, clock, dayOf, hours, idleTerms, share } from './render/format.js';
import type { Lang } from '../deliver/lang.js';
import { plain } from '../deliver/plain.js';

/** More is not read. */
const MOST_SENTENCES = 5;

/** From here on something is worth a sentence. */
const AWAY_S = 600;
const AWAY_SHARE = 0.01;
const SEEN_SHARE = 0.8;
const FULL_SHARE = 0.8;
const FULL_DAYS = 60;
const HELD_IDLE_SHARE = 0.02;
/** What was seen less is not compared. */
const LEAST_COVERAGE = 0.5;

type Rule = (report: Report) => ReportSentence | null;

/**
 * The report in words: at most five sentences made by rules from its figures, the ones that call for action first. `params` holds
 * what a sentence says, and in `field` the path of the figure behind it.
 */
export function summarize(report: Report): ReportSentence[] {
  if (report.general.server_num === 0) return [];
  return RULES.map((rule) => rule(report)).filter((sentence) => sentence !== null).slice(0, MOST_SENTENCES);
}

/** Chinese text has a space between Han characters and others, and none between two of its own. */
const gapBefore = (name: string): string => (/^\p{Script=Han}/u.test(name) ? name : ` ${name}`);
const gapAfter = (name: string): string => (/\p{Script=Han}$/u.test(name) ? name : `${name} `);

/** A period of which little was seen is no period. */
const observed: Rule = ({ open, coverage }) =>
  open || coverage >= SEEN_SHARE
    ? null
    : {
        code: 'coverage', params: { field: 'coverage', coverage },
        en: `Only ${share(coverage)} of the servers’ time in this period was observed; all figures are of that part.`,
        zh: `本期只观测到服务器 ${share(coverage)} 的时间，以下各项都只反映这一部分。`,
      };

/** Servers that were away although they were known: the one with the longest absence is named. */
const outages: Rule = (report) => {
  const until = untilOf(report);
  const away = report.servers
    .map((server) => ({ server, away_s: server.availability === null ? 0 : ((1 - server.availability) * (until - server.first_seen)) / 1000 }))
    .filter(({ server, away_s }) => away_s >= AWAY_S && 1 - server.availability! >= AWAY_SHARE)
    .sort((a, b) => b.away_s - a.away_s);
  const [worst] = away;
  if (!worst) return null;
  const name = plain(worst.server.name);
  const availability = worst.server.availability!;
  const long = worst.away_s >= 7200;
  const amount = long ? hours(worst.away_s / 3600) : String(Math.round(worst.away_s / 60));
  const rest = away.length - 1;
  return {
    code: 'outages',
    params: { field: `servers.${worst.server.server}.availability`, servers: away.length, server: worst.server.server, name, away_hours: hours(worst.away_s / 3600), availability },
    en: `${name} sent no data for ${amount} ${long ? 'hours' : 'minutes'} in total (availability ${share(availability)})${rest > 0 ? `; ${rest} other ${rest === 1 ? 'server was' : 'servers were'} away at times too` : ''}.`,
    zh: `${gapAfter(name)}累计 ${amount} ${long ? '小时' : '分钟'}没有上报数据（在线率 ${share(availability)}）${rest > 0 ? `，另有 ${rest} 台服务器也出现过中断` : ''}。`,
  };
};

/** The fullest disk, or the one that a straight line fills first. */
const disks: Rule = ({ servers }) => {
  const used = (server: ReportServer) => (server.hdd_used_avg !== null && server.hdd_total ? server.hdd_used_avg / server.hdd_total : 0);
  const soon = (server: ReportServer) => server.hdd_forecast?.full_in_days?.likely ?? Infinity;
  const urgent = servers.filter((server) => used(server) >= FULL_SHARE || soon(server) <= FULL_DAYS).sort((a, b) => soon(a) - soon(b) || used(b) - used(a));
  const [worst] = urgent;
  if (!worst) return null;
  const name = plain(worst.name);
  const full = worst.hdd_forecast?.full_in_days;
  const params = { field: `servers.${worst.server}.hdd_used_avg`, server: worst.server, name, servers: urgent.length, used_share: used(worst), ...(full && { full_in_days: full.likely, earliest: full.earliest, ...(full.latest !== null && { latest: full.latest }), bytes_per_day: worst.hdd_forecast!.bytes_per_day }) };
  const rest = urgent.length - 1;
  const [en, zh] = full && full.likely <= 365 ? filling(full, bytes(worst.hdd_forecast!.bytes_per_day)) : ['', ''];
  return {
    code: 'disk', params,
    en: `The disks of ${name} were ${share(used(worst))} full on average${en}${rest > 0 ? `; ${rest} other ${rest === 1 ? 'server is' : 'servers are'} short of room too` : ''}.`,
    zh: `${gapAfter(name)}的磁盘平均已用 ${share(used(worst))}${zh}${rest > 0 ? `；另有 ${rest} 台服务器的磁盘空间也偏紧` : ''}。`,
  };
};

/** By the straight line, and by the steeper and the flatter one where that one ends. */
function filling({ likely, earliest, latest }: NonNullable<DiskForecast['full_in_days']>, growth: string): [en: string, zh: string] {
  const days = (value: number) => value.toFixed(value < 10 ? 1 : 0);
  const [about, low, high] = [days(likely), days(earliest), latest === null ? null : days(latest)];
  const doubt = low === high ? ['', ''] : high === null ? [` (${low} at the earliest)`, `（最快 ${low} 天）`] : [` (${low} to ${high})`, `（最快 ${low} 天，最慢 ${high} 天）`];
  return [` and grow by ${growth} a day: full in about ${about} days${doubt[0]}`, `，每天约增长 ${growth}，预计约 ${about} 天后写满${doubt[1]}`];
}

interface Measure {
  readonly field: string;
  readonly of: (fleet: Figures) => number | null;
  /** The change that is worth a word: percentage points of a percentage, a ratio of an amount. */
  readonly points?: number;
  readonly ratio?: number;
  /** What must be alike in both periods: an amount that grew with the fleet, or with the time that was observed, says nothing of use. */
  readonly alike?: (fleet: Figures) => number | null;
  readonly show: (value: number) => string;
  readonly en: string;
  readonly zh: string;
}

type Figures = Omit<ReportFleet, 'busy_time'>;

const percent = (value: number): string => `${value.toFixed(1)}%`;
const MEASURES: readonly Measure[] = [
  { field: 'fleet.cpu_mean', of: (fleet) => fleet.cpu_mean, points: 5, show: percent, en: 'mean CPU', zh: 'CPU 平均利用率' },
  { field: 'fleet.idle_rate.free8g', of: (fleet) => (fleet.idle_rate.free8g === null ? null : 100 * fleet.idle_rate.free8g), points: 5, show: percent, en: 'the idle share of the GPUs', zh: 'GPU 空闲率' },
  { field: 'fleet.memory_avg.used', of: (fleet) => fleet.memory_avg.used, ratio: 1.2, alike: (fleet) => fleet.memory_avg.total, show: bytes, en: 'memory in use', zh: '内存占用' },
  { field: 'fleet.hdd_used_avg', of: (fleet) => fleet.hdd_used_avg, ratio: 1.05, alike: (fleet) => fleet.hdd_total, show: bytes, en: 'disk in use', zh: '磁盘占用' },
  { field: 'fleet.network_up_total', of: (fleet) => fleet.network_up_total, ratio: 1.5, alike: (fleet) => fleet.coverage, show: bytes, en: 'data sent', zh: '上传总量' },
  { field: 'fleet.network_down_total', of: (fleet) => fleet.network_down_total, ratio: 1.5, alike: (fleet) => fleet.coverage, show: bytes, en: 'data received', zh: '下载总量' },
];

/** How far apart `alike` figures may be. */
const ALIKE = 0.1;
const MOST_CHANGES = 2;
const BEFORE: Record<Period, Record<Lang, string>> = {
  day: { en: 'the day before', zh: '前一日' },
  week: { en: 'the week before', zh: '前一周' },
  month: { en: 'the month before', zh: '前一个月' },
  year: { en: 'the year before', zh: '前一年' },
};

function changeOf(measure: Measure, previous: Figures, fleet: Figures): { measure: Measure; before: number; after: number; size: number } | null {
  const [before, after] = [measure.of(previous), measure.of(fleet)];
  const [was, is] = measure.alike ? [measure.alike(previous), measure.alike(fleet)] : [1, 1];
  if (before === null || after === null || !was || !is || Math.abs(is / was - 1) > ALIKE) return null;
  const size = measure.points ? Math.abs(after - before) / measure.points : before > 0 && after > 0 ? Math.abs(Math.log(after / before)) / Math.log(measure.ratio!) : 0;
  return size >= 1 ? { measure, before, after, size } : null;
}

/** The two largest changes against the period before, each measured by what would be worth a word. An open period is not comparable. */
const changes: Rule = ({ open, period, fleet, previous }) => {
  if (open || !previous || previous.coverage < LEAST_COVERAGE) return null;
  const most = MEASURES.map((measure) => changeOf(measure, previous, fleet)).filter((change) => change !== null).sort((a, b) => b.size - a.size).slice(0, MOST_CHANGES);
  const [first, second] = most;
  if (!first) return null;
  const said = most.map(({ measure, before, after }) => ({ measure, from: measure.show(before), to: measure.show(after), up: after > before }));
  return {
    code: 'change',
    params: { field: first.measure.field, before: first.before, after: first.after, ...(second && { second_field: second.measure.field, second_before: second.before, second_after: second.after }) },
    en: `Compared with ${BEFORE[period].en}, ${said.map(({ measure, from, to, up }) => `${measure.en} ${up ? 'rose' : 'fell'} from ${from} to ${to}`).join(' and ')}.`,
    zh: `与${BEFORE[period].zh}相比，${said.map(({ measure, from, to, up }) => `${measure.zh}由 ${from} ${up ? '升至' : '降至'} ${to}`).join('，')}。`,
  };
};

/** How much of the cards nobody needed, and where most of it was. */
const idle: Rule = ({ fleet, servers, idle: thresholds }) => {
  if (fleet.idle_rate.free8g === null || fleet.idle_rate.used10pct === null) return null;
  // By the share that is in use: a large card has 8 GiB free even while it works.
  const [idlest] = servers
    .filter((server) => server.idle_rate.used10pct !== null && server.coverage >= LEAST_COVERAGE)
    .sort((a, b) => b.idle_rate.used10pct! - a.idle_rate.used10pct! || b.idle_rate.free8g! - a.idle_rate.free8g!);
  const several = servers.filter((server) => server.gpus.length > 0).length > 1;
  const named = idlest && several ? { name: plain(idlest.name), share: share(idlest.idle_rate.used10pct) } : null;
  const [free8g, used10pct] = [share(fleet.idle_rate.free8g), share(fleet.idle_rate.used10pct)];
  const { size, part } = idleTerms(thresholds);
  return {
    code: 'idle_cards',
    params: { field: 'fleet.idle_rate.free8g', free8g: fleet.idle_rate.free8g, used10pct: fleet.idle_rate.used10pct, ...(idlest && { server: idlest.server, name: plain(idlest.name), server_used10pct: idlest.idle_rate.used10pct! }) },
    en: `Cards had more than ${size} free ${free8g} of the time, and less than ${part} of their memory in use ${used10pct} of the time${named ? `; those of ${named.name} were the idlest (less than ${part} in use ${named.share} of the time)` : ''}.`,
    zh: `显卡有 ${free8g} 的时间空闲显存超过 ${size}，有 ${used10pct} 的时间显存占用不到 ${part}${named ? `；最空闲的是${gapBefore(gapAfter(named.name))}的显卡（${named.share} 的时间占用不到 ${part}）` : ''}。`,
  };
};

/** The busiest stretch of the period as a clause, and the mean CPU of it. */
function whenBusy({ cpu_mean, hour, hour_cpu_mean, weekday, date, month }: BusyTime, period: Period): Record<Lang, string> {
  const cpu = `${cpu_mean.toFixed(0)}%`;
  const span = hour === undefined ? '' : `${clock(hour)}–${clock((hour + 1) % 24)}`;
  if (period === 'year') return { en: `The CPUs were busiest in ${month} (mean ${cpu})`, zh: `CPU 最忙的月份是 ${month}（平均 ${cpu}）` };
  if (period === 'day') return { en: `The CPUs were busiest from ${span.replace('–', ' to ')} (mean ${cpu})`, zh: `CPU 最忙的时段是 ${span}（平均 ${cpu}）` };
  if (period === 'week') return { en: `The CPUs were busiest on ${dayOf(weekday!, 'en')} ${span} (mean ${cpu})`, zh: `CPU 最忙的时段是${dayOf(weekday!, 'zh')} ${span}（平均 ${cpu}）` };
  const daily = hour_cpu_mean === undefined ? null : `${hour_cpu_mean.toFixed(0)}%`;
  return { en: `The CPUs were busiest on ${date} (mean ${cpu})${daily ? ` and, over the days of the month, at ${span} (mean ${daily})` : ''}`, zh: `CPU 最忙的一天是 ${date}（平均 ${cpu}）${daily ? `，一天中 ${span} 最忙（平均 ${daily}）` : ''}` };
}

/** When it was busy, and who. */
const busiest: Rule = ({ fleet, period }) => {
  if (!fleet.busy_time || !fleet.busy_server || !fleet.idle_server) return null;
  const when = whenBusy(fleet.busy_time, period);
  const [busy, quiet] = [plain(fleet.busy_server.name), plain(fleet.idle_server.name)];
  const [most, least] = [`${fleet.busy_server.cpu_mean.toFixed(0)}%`, `${fleet.idle_server.cpu_mean.toFixed(0)}%`];
  const single = fleet.busy_server.server === fleet.idle_server.server;
  return {
    code: 'busy_time', params: { field: 'fleet.busy_time', ts: fleet.busy_time.ts, cpu_mean: fleet.busy_time.cpu_mean, busy_server: fleet.busy_server.server, idle_server: fleet.idle_server.server },
    en: `${when.en}${single ? '' : `; the busiest server was ${busy} (${most}), the idlest ${quiet} (${least})`}.`,
    zh: `${when.zh}${single ? '' : `；最忙的服务器是${gapBefore(busy)}（${most}），最闲的是${gapBefore(quiet)}（${least}）`}。`,
  };
};

/** Memory held while cards did nothing, when it is more than a fiftieth of the cards' time. */
const heldIdle: Rule = (report) => {
  const { observed, idle: held } = cardTime(report);
  if (held < 1 || held / observed < HELD_IDLE_SHARE) return null;
  const cards = report.servers.flatMap((server) => server.gpus.map((gpu) => ({ ...gpu, field: `servers.${server.server}.gpus.${gpu.id}.occupied_idle_hours` })));
  const card = cards.reduce((most, other) => (other.occupied_idle_hours > most.occupied_idle_hours ? other : most));
  const [most] = [...report.users].sort((a, b) => b.idle_hours - a.idle_hours);
  const who = most && most.idle_hours > 0 ? { user: plain(most.user), idle_hours: most.idle_hours } : null;
  return {
    code: 'held_idle', params: { field: who ? `users.${most!.user}.idle_hours` : card.field, held_hours: held, ...who },
    en: `Cards were held without computing for ${hours(held)} card-hours, ${share(held / observed)} of their time${who ? `; ${who.user} held the most (${hours(who.idle_hours)})` : ''}.`,
    zh: `显卡被占用却没有计算的时间共 ${hours(held)} 卡时（占显卡时间的 ${share(held / observed)}）${who ? `，其中${gapBefore(gapAfter(who.user))}最多（${hours(who.idle_hours)} 卡时）` : ''}。`,
  };
};

const RULES: readonly Rule[] = [observed, outages, disks, changes, idle, heldIdle, busiest];
