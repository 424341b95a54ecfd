import { DateTime } from 'luxon';
import { HOUR, type BusyTime, type Period, type Report, type ReportFleet, type ReportSentence, type ReportServer } from '@vacancy/shared';
import { bytes, clock, hours, share } from './render/format.js';
import type { Lang } from './render/lang.js';
import { plain } from './render/markup.js';
import { WORDS } from './render/words.js';

/** More is not read. */
const MOST_SENTENCES = 5;

/** From here on something is worth a sentence. */
const AWAY_S = 600;
const AWAY_SHARE = 0.01;
const FULL_SHARE = 0.8;
const FULL_DAYS = 60;
const HELD_IDLE_SHARE = 0.02;

type Rule = (report: Report) => ReportSentence | null;

/**
 * The report in words: at most five sentences made by rules from its figures, the ones that call for action first. `params` holds
 * what a sentence says, and in `field` the path of the figure behind it.
 */
export function summarize(report: Report): ReportSentence[] {
  if (report.general.server_num === 0) return [];
  return RULES.map((rule) => rule(report)).filter((sentence) => sentence !== null).slice(0, MOST_SENTENCES);
}

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
  const away_hours = hours(worst.away_s / 3600);
  const params = { field: `servers.${worst.server.server}.availability`, servers: away.length, server: worst.server.server, name, away_hours, availability: worst.server.availability! };
  const rest = away.length - 1;
  return {
    code: 'outages', params,
    en: `${name} sent nothing for ${away_hours} hours in all (availability ${share(worst.server.availability)})${rest > 0 ? `, and ${rest} other ${rest === 1 ? 'server was' : 'servers were'} away too` : ''}.`,
    zh: `${name} 累计 ${away_hours} 小时没有数据（在线率 ${share(worst.server.availability)}）${rest > 0 ? `，另有 ${rest} 台服务器也曾离线` : ''}。`,
  };
};

/** Up to where the figures go: the end of the period, or now while it is open. */
function untilOf({ end, timezone, generated_at, open }: Report): number {
  return open ? generated_at : DateTime.fromISO(end, { zone: timezone }).startOf('day').toMillis();
}

const lengthHours = (report: Report): number => (untilOf(report) - DateTime.fromISO(report.start, { zone: report.timezone }).startOf('day').toMillis()) / HOUR;

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
  const growth = full && bytes(worst.hdd_forecast!.bytes_per_day);
  const days = (value: number) => value.toFixed(value < 10 ? 1 : 0);
  const en = full && full.likely <= 365 ? ` and grow by ${growth} a day: full in about ${days(full.likely)} days (${days(full.earliest)} to ${full.latest === null ? 'never' : days(full.latest)})` : '';
  const zh = full && full.likely <= 365 ? `，每天增长约 ${growth}，预计 ${days(full.likely)} 天后写满（${days(full.earliest)} 天至${full.latest === null ? '不会写满' : ` ${days(full.latest)} 天`}）` : '';
  return { code: 'disk', params, en: `The disks of ${name} are ${share(used(worst))} full${en}.`, zh: `${name} 的磁盘已用 ${share(used(worst))}${zh}。` };
};

interface Measure {
  readonly field: string;
  readonly of: (fleet: Omit<ReportFleet, 'busy_time'>) => number | null;
  /** The change that is worth a word: percentage points of a percentage, a ratio of an amount. */
  readonly points?: number;
  readonly ratio?: number;
  readonly show: (value: number) => string;
  readonly en: string;
  readonly zh: string;
}

const MEASURES: readonly Measure[] = [
  { field: 'fleet.cpu_mean', of: (fleet) => fleet.cpu_mean, points: 5, show: (value) => `${value.toFixed(1)}%`, en: 'mean CPU', zh: 'CPU 平均利用率' },
  { field: 'fleet.idle_rate.free8g', of: (fleet) => (fleet.idle_rate.free8g === null ? null : 100 * fleet.idle_rate.free8g), points: 5, show: (value) => `${value.toFixed(1)}%`, en: 'the idle share of the GPUs', zh: 'GPU 空闲率' },
  { field: 'fleet.memory_avg.used', of: (fleet) => fleet.memory_avg.used, ratio: 1.2, show: bytes, en: 'memory in use', zh: '内存占用' },
  { field: 'fleet.hdd_used_avg', of: (fleet) => fleet.hdd_used_avg, ratio: 1.05, show: bytes, en: 'disk in use', zh: '磁盘占用' },
  { field: 'fleet.network_up_total', of: (fleet) => fleet.network_up_total, ratio: 1.5, show: bytes, en: 'data sent', zh: '上传总量' },
  { field: 'fleet.network_down_total', of: (fleet) => fleet.network_down_total, ratio: 1.5, show: bytes, en: 'data received', zh: '下载总量' },
];

/** The largest change against the period before, each measured by what would be worth a word. An open period is not comparable. */
const changes: Rule = ({ open, fleet, previous }) => {
  if (open || !previous) return null;
  const [most] = MEASURES.flatMap((measure) => {
    const [before, after] = [measure.of(previous), measure.of(fleet)];
    if (before === null || after === null) return [];
    const size = measure.points ? Math.abs(after - before) / measure.points : before > 0 && after > 0 ? Math.abs(Math.log(after / before)) / Math.log(measure.ratio!) : 0;
    return [{ measure, before, after, size }];
  }).sort((a, b) => b.size - a.size);
  if (!most || most.size < 1) return null;
  const { measure, before, after } = most;
  const [from, to] = [measure.show(before), measure.show(after)];
  const up = after > before;
  return {
    code: 'change', params: { field: measure.field, before, after },
    en: `Against the period before, ${measure.en} ${up ? 'rose' : 'fell'} from ${from} to ${to}.`,
    zh: `与上期相比，${measure.zh}由 ${from} ${up ? '上升' : '下降'}到 ${to}。`,
  };
};

/** How much of the cards nobody needed, and where most of it was. */
const idle: Rule = ({ fleet, servers }) => {
  if (fleet.idle_rate.free8g === null || fleet.idle_rate.used10pct === null) return null;
  const [idlest] = servers.filter((server) => server.idle_rate.free8g !== null && server.coverage >= 0.5).sort((a, b) => b.idle_rate.free8g! - a.idle_rate.free8g!);
  const params = { field: 'fleet.idle_rate.free8g', free8g: fleet.idle_rate.free8g, used10pct: fleet.idle_rate.used10pct, ...(idlest && { server: idlest.server, name: plain(idlest.name), server_free8g: idlest.idle_rate.free8g! }) };
  const [free8g, used10pct] = [share(fleet.idle_rate.free8g), share(fleet.idle_rate.used10pct)];
  const several = servers.filter((server) => server.gpus.length > 0).length > 1;
  return {
    code: 'idle_cards', params,
    en: `The cards had more than 8 GB free for ${free8g} of the time and were under a tenth full for ${used10pct}${idlest && several ? `; the idlest are those of ${plain(idlest.name)} (${share(idlest.idle_rate.free8g)})` : ''}.`,
    zh: `显卡有 ${free8g} 的时间空闲显存大于 8 GB，${used10pct} 的时间显存占用低于 10%${idlest && several ? `；最空闲的是 ${plain(idlest.name)}（${share(idlest.idle_rate.free8g)}）` : ''}。`,
  };
};

function whenBusy({ cpu_mean, hour, hour_cpu_mean, weekday, date, month }: BusyTime, period: Period): Record<Lang, string> {
  const cpu = `${cpu_mean.toFixed(0)}%`;
  const span = hour === undefined ? '' : `${clock(hour)}–${clock((hour + 1) % 24)}`;
  if (period === 'year') return { en: `in ${month} (${cpu} CPU)`, zh: `${month}（CPU ${cpu}）` };
  if (period === 'day') return { en: `from ${span.replace('–', ' to ')} (${cpu} CPU)`, zh: `${span}（CPU ${cpu}）` };
  if (period === 'week') return { en: `on ${WORDS.en.weekdays[weekday! - 1]} ${span} (${cpu} CPU)`, zh: `${WORDS.zh.weekdays[weekday! - 1]} ${span}（CPU ${cpu}）` };
  const daily = hour_cpu_mean === undefined ? null : `${hour_cpu_mean.toFixed(0)}%`;
  return { en: `on ${date} (${cpu} CPU)${daily ? `, and of the day's hours ${span} (${daily})` : ''}`, zh: `${date}（CPU ${cpu}）${daily ? `，一天之中为 ${span}（${daily}）` : ''}` };
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
    en: `It was busiest ${when.en}${single ? '' : `; busiest server ${busy} (${most}), idlest ${quiet} (${least})`}.`,
    zh: `最忙时段：${when.zh}${single ? '' : `；最忙服务器 ${busy}（${most}），最闲服务器 ${quiet}（${least}）`}。`,
  };
};

/** Memory held while cards did nothing, when it is more than a fiftieth of the cards' time. */
const heldIdle: Rule = (report) => {
  const { users } = report;
  const cards = report.servers.flatMap((server) => server.gpus);
  const held = cards.reduce((sum, card) => sum + card.occupied_idle_hours, 0);
  const observed = cards.reduce((sum, card) => sum + card.coverage, 0) * lengthHours(report);
  if (held < 1 || held / observed < HELD_IDLE_SHARE) return null;
  const [most] = [...users].sort((a, b) => b.idle_hours - a.idle_hours);
  const who = most && most.idle_hours > 0 ? { user: plain(most.user), idle_hours: most.idle_hours } : null;
  return {
    code: 'held_idle', params: { field: who ? `users.${most!.user}.idle_hours` : 'servers', held_hours: held, ...who },
    en: `Cards were held without working for ${hours(held)} card-hours${who ? `, most by ${who.user} (${hours(who.idle_hours)})` : ''}.`,
    zh: `显卡被占用但没有工作的时间共 ${hours(held)} 卡时${who ? `，最多的是 ${who.user}（${hours(who.idle_hours)}）` : ''}。`,
  };
};

const RULES: readonly Rule[] = [outages, disks, changes, idle, heldIdle, busiest];
