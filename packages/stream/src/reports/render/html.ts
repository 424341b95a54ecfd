import type { IdleDefinitions, Report, ReportFleet, ReportServer } from '@vacancy/shared';
import { cardTime } from '../card-time.js';
import { UNKNOWN, busyTime, bytes as spaced, changeOf, count, dates, hours as number, idleTerms, moment, percent, share } from './format.js';
import type { Lang } from '../../deliver/lang.js';
import { html, trusted, type Html } from './markup.js';
import { STYLE } from './style.js';
import { OTHER, WORDS, type Words } from './words.js';

/** More cards than this would be pages of numbers: their idle shares are shown as strips, the rest is in the CSV. */
const MOST_CARD_ROWS = 96;
const MOST_USERS = 100;

export interface HtmlOptions {
  readonly lang: Lang;
  /** Without charts and tables of cards: for the body of a mail, where most readers drop SVG. */
  readonly brief?: boolean;
  /** Which definition of an idle card comes first. */
  readonly lead?: Lead;
}

type Lead = IdleDefinitions['lead'];

/** The page has its styles inside and needs nothing else: no script, no address, whatever a name in it says. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The whole report as one file: styles inside, charts as SVG, no script, nothing fetched. */
export async function renderHtml(report: Report, { lang, brief = false, lead = 'free8g' }: HtmlOptions): Promise<string> {
  const words = WORDS[lang];
  // The charting library is 30 MB of memory: only who makes a page loads it.
  const charts = brief || report.trends.ts.length === 0 ? null : await import('./charts.js');
  const page = html`${trusted('<!doctype html>')}
<html lang="${words.lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}">
<title>${titleOf(report, words)}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
${header(report, lang)}
${report.general.server_num === 0 ? html`<p class="note">${words.empty}</p>` : body(report, lang, lead, charts)}
${definitions(report, words)}
</main>
</body>
</html>
`;
  return page.text;
}

export const titleOf = (report: Report, words: Words): string => `${words.title[report.period]} ${dates(report.start, report.end)}`;

// A number and its unit stay on one line.
const bytes = (value: number | null): string => spaced(value).replace(' ', '\u00a0');
const hours = (value: number): string => `${number(value)}\u00a0h`;
const whole = (text: string): Html => html`<span class="whole">${text}</span>`;

function body(report: Report, lang: Lang, lead: Lead, charts: typeof import('./charts.js') | null): Html {
  const words = WORDS[lang];
  return html`${summary(report, lang)}
${tiles(report, lang, lead)}
${charts && section(words.trends, html`<div class="charts">${charts.trendCharts(report, words).map(({ title, svg }) => html`<figure><figcaption>${title}</figcaption>${svg}</figure>`)}</div>`)}
${charts && report.period !== 'day' && section(words.heatmap, html`<figure class="wide">${charts.heatmapChart(report, words)}</figure>`)}
${section(words.servers, servers(report, lang))}
${report.users.length > 0 && section(words.users, users(report, words))}
${charts && report.general.gpu_num > 0 && section(words.cards, cards(report, words, lead))}
${report.recommendation && section(words.recommendation, recommendation(report.recommendation, words))}`;
}

const section = (title: string, content: Html): Html => html`<section><h2>${title}</h2>${content}</section>`;

function header(report: Report, lang: Lang): Html {
  const words = WORDS[lang];
  const facts = [
    [words.timezone, report.timezone],
    [words.generated, moment(report.generated_at, report.timezone)],
    ...(report.revision > 0 ? [[words.revision, String(report.revision)]] : []),
    [words.coverage, share(report.coverage)],
  ];
  return html`<header>
<p class="product">${words.product}</p>
<h1>${words.title[report.period]} <span class="dates">${dates(report.start, report.end)}</span> <span class="other" lang="${WORDS[OTHER[lang]].lang}">${WORDS[OTHER[lang]].title[report.period]}</span></h1>
<p class="facts">${facts.map(([name, value]) => html`<span><b>${name}</b> ${value}</span> `)}</p>
${report.open && html`<p class="note">${words.open}</p>`}
${report.late && html`<p class="note">${words.late}</p>`}
${report.changes.length > 0 && html`<p class="note">${words.changed(report.changes.length)}</p>`}
</header>`;
}

const summary = (report: Report, lang: Lang): Html | false =>
  report.summary.length > 0 && section(WORDS[lang].summary, html`<ul class="summary">${report.summary.map((sentence) => html`<li>${sentence[lang]}</li>`)}</ul>`);

function tiles(report: Report, lang: Lang, lead: Lead): Html {
  const [words, foreign] = [WORDS[lang], WORDS[OTHER[lang]]];
  const { fleet, general, previous } = report;
  const tile = (term: TileTerm, value: string, detail: Html | string | false | null = '', before: Html | string | false | null = null) => html`<div class="tile">
<div class="term">${words[term]} <span class="other" lang="${foreign.lang}">${foreign[term] === words[term] ? '' : foreign[term]}</span></div>
<div class="value">${value}</div>
<div class="detail">${detail}</div>
${before && html`<div class="before">${words.before} ${before}</div>`}
</div>`;
  const was = (show: (value: number | null) => string, of: (figures: Omit<ReportFleet, 'busy_time'>) => number | null, kind: 'points' | 'ratio' = 'ratio', unit = 1) => {
    if (!previous || of(previous) === null) return null;
    const change = report.open ? null : changeOf(scaled(of(previous), unit), scaled(of(fleet), unit), kind, lang);
    return html`${show(of(previous))}${change && ` (${change})`}`;
  };
  const names = idleNames(report, words);
  const other = lead === 'free8g' ? 'used10pct' : 'free8g';
  const time = cardTime(report);
  const [holder] = report.users.filter((user) => user.idle_hours > 0).sort((x, y) => y.idle_hours - x.idle_hours);
  const busy = busyTime(fleet.busy_time, report.period, lang);
  const server = (load: ReportFleet['busy_server']) => load && html`<bdi>${load.name}</bdi>`;
  return section(words.figures, html`<div class="tiles">
${tile('server_num', count(general.server_num), html`${words.gpu_num} ${general.gpu_num} · ${words.user_num} ${count(general.user_num)}<br>${words.coverage} ${share(report.coverage)}`)}
${tile('idle_rate', share(fleet.idle_rate[lead]), html`${names[lead]}<br>${share(fleet.idle_rate[other])} ${names[other]}`, was(share, (f) => f.idle_rate[lead], 'points', 100))}
${tile('gpu_hours', report.users.length > 0 ? hours(time.held) : UNKNOWN, report.users.length > 0 && words.of_time(share(time.held / time.observed)))}
${tile('held_idle', general.gpu_num > 0 ? hours(time.idle) : UNKNOWN, general.gpu_num > 0 && html`${words.of_time(share(time.idle / time.observed))}${holder && html`<br>${words.most} <bdi>${holder.user}</bdi> ${hours(holder.idle_hours)}`}`)}
${tile('cpu_mean', percent(fleet.cpu_mean), html`${words.cpu_median} ${percent(fleet.cpu_median)}<br>${words.min} ${percent(fleet.cpu_min)} · ${words.max} ${percent(fleet.cpu_max)}`, was(percent, (f) => f.cpu_mean, 'points'))}
${tile('busy_time', busy.when, fleet.busy_time && html`CPU ${percent(fleet.busy_time.cpu_mean)}${busy.also && html`<br>${busy.also}`}`)}
${tile('busy_server', fleet.busy_server?.name ?? UNKNOWN, fleet.busy_server ? html`CPU ${percent(fleet.busy_server.cpu_mean)}` : words.no_coverage, server(previous?.busy_server ?? null))}
${tile('idle_server', fleet.idle_server?.name ?? UNKNOWN, fleet.idle_server ? html`CPU ${percent(fleet.idle_server.cpu_mean)}` : words.no_coverage, server(previous?.idle_server ?? null))}
${tile('memory_avg', bytes(fleet.memory_avg.used), html`${words.of} ${bytes(fleet.memory_avg.total)}`, was(bytes, (f) => f.memory_avg.used))}
${tile('hdd_used_avg', bytes(fleet.hdd_used_avg), html`${words.of} ${bytes(fleet.hdd_total)}`, was(bytes, (f) => f.hdd_used_avg))}
${tile('network_up_total', bytes(fleet.network_up_total), averages(report, words, fleet.network_up_daily_avg, fleet.network_up_weekly_avg, fleet.network_up_monthly_avg), was(bytes, (f) => f.network_up_total))}
${tile('network_down_total', bytes(fleet.network_down_total), averages(report, words, fleet.network_down_daily_avg, fleet.network_down_weekly_avg, fleet.network_down_monthly_avg), was(bytes, (f) => f.network_down_total))}
</div>`);
}

const scaled = (value: number | null, unit: number): number | null => value && value * unit;

/** What each definition of an idle card asks for. */
const idleNames = ({ idle }: Report, words: Words): Record<Lead, string> => ({ free8g: words.free8g(idleTerms(idle).size), used10pct: words.used10pct(idleTerms(idle).part) });

type TileTerm = 'server_num' | 'idle_rate' | 'gpu_hours' | 'held_idle' | 'cpu_mean' | 'busy_time' | 'busy_server' | 'idle_server' | 'memory_avg' | 'hdd_used_avg' | 'network_up_total' | 'network_down_total';

/** Only averages over a part of the period: a day's average over itself is its total. */
function averages({ period }: Report, words: Words, day: number | null, week: number | null, month: number | null): Html {
  const shown = [['day', period === 'day' ? null : day], ['week', period === 'week' ? null : week], ['month', month]] as const;
  return html`${shown.filter(([, value]) => value !== null).map(([unit, value], i) => html`${i > 0 && trusted('<br>')}${words.per[unit](bytes(value))}`)}`;
}

function servers(report: Report, lang: Lang): Html {
  const words = WORDS[lang];
  const head = [words.server, words.coverage, words.availability, `${words.cpu_mean} / ${words.cpu_median} / ${words.cpu_max}`, words.memory_avg, words.hdd_used_avg, words.disk_full, `${words.network_up_total} / ${words.network_down_total}`, words.idle_rate, words.busy_time];
  return table(head, report.servers.map((server) => [
    html`<bdi>${server.name}</bdi>${server.name !== server.server && html` <span class="id">${server.server}</span>`}${server.simulated && html` <span class="id">${words.simulated}</span>`}`,
    share(server.coverage), share(server.availability),
    `${percent(server.cpu_mean)} / ${percent(server.cpu_median)} / ${percent(server.cpu_max)}`,
    html`${bytes(server.memory_avg.used)} <span class="id">${words.of} ${bytes(server.memory_avg.total)}</span>`,
    html`${bytes(server.hdd_used_avg)} <span class="id">${words.of} ${bytes(server.hdd_total)}</span>`,
    whole(diskFull(server, words)),
    `${bytes(server.network_up_total)} / ${bytes(server.network_down_total)}`,
    server.gpus.length > 0 ? `${share(server.idle_rate.free8g)} / ${share(server.idle_rate.used10pct)}` : UNKNOWN,
    whole(busyTime(server.busy_time, report.period, lang).when),
  ]));
}

/** Only what may happen within a year is worth a column's attention. */
function diskFull({ hdd_forecast }: ReportServer, words: Words): string {
  const full = hdd_forecast?.full_in_days;
  return full && full.likely <= 365 ? words.days(full.earliest.toFixed(0), full.latest === null ? null : full.latest.toFixed(0)) : UNKNOWN;
}

function cards(report: Report, words: Words, lead: Lead): Html {
  const names = idleNames(report, words);
  const withCards = report.servers.filter((server) => server.gpus.length > 0);
  const strip = (server: ReportServer) => html`<tr><th scope="row"><bdi>${server.name}</bdi></th><td>${server.gpus.map((gpu) => html`<span class="cell ${shade(gpu.idle_rate[lead])}" title="${words.card} ${gpu.id}">${share(gpu.idle_rate[lead], 0)}</span>`)}</td></tr>`;
  const strips = html`<p class="hint">${words.cardsNote(names[lead])}</p><div class="scroll"><table class="strips"><tbody>${withCards.map(strip)}</tbody></table></div>`;
  if (report.general.gpu_num > MOST_CARD_ROWS) return html`${strips}<p class="hint">${words.cardsElsewhere}</p>`;
  const head = [words.server, words.card, words.gpu_type, words.coverage, `${words.idle_rate} (${names.free8g} / ${names.used10pct})`, words.utilization, words.gpu_memory, words.occupied_idle];
  const rows = withCards.flatMap((server) => server.gpus.map((gpu) => [
    html`<bdi>${server.name}</bdi>`, String(gpu.id), html`<bdi>${gpu.gpu_type ?? UNKNOWN}</bdi>`, share(gpu.coverage),
    `${share(gpu.idle_rate.free8g)} / ${share(gpu.idle_rate.used10pct)}`, percent(gpu.utilization_mean),
    `${bytes(gpu.memory_used_avg)} / ${bytes(gpu.memory_used_max)} / ${bytes(gpu.memory_total)}`, hours(gpu.occupied_idle_hours),
  ]));
  return html`${strips}${table(head, rows)}`;
}

const shade = (idle: number | null): string => `s${idle === null ? 'x' : Math.min(4, Math.floor(idle * 5))}`;

function users({ users, servers }: Report, words: Words): Html {
  const names = new Map(servers.map((server) => [server.server, server.name]));
  const head = [words.user, words.gpu_hours, words.gpu_hours_fair, words.idle_hours, words.idle_share, words.where];
  const rows = users.slice(0, MOST_USERS).map((user) => [
    html`<bdi>${user.user}</bdi>`, number(user.gpu_hours), number(user.gpu_hours_fair), number(user.idle_hours), share(user.gpu_hours_fair > 0 ? user.idle_hours / user.gpu_hours_fair : null),
    html`${user.servers.slice(0, 3).map((at, i) => html`${i > 0 && ', '}<bdi>${names.get(at.server) ?? at.server}</bdi> ${hours(at.gpu_hours)}`)}${user.servers.length > 3 && ` +${user.servers.length - 3}`}`,
  ]);
  return html`<p class="hint">${words.usersNote}</p>${table(head, rows)}`;
}

const recommendation = ({ asked, still_free, hit_rate }: NonNullable<Report['recommendation']>, words: Words): Html =>
  html`<p>${words.asked} ${asked} · ${words.still_free} ${still_free} · ${words.hit_rate} ${share(hit_rate)}</p>`;

const table = (head: readonly string[], rows: readonly (readonly (Html | string)[])[]): Html => html`<div class="scroll"><table>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>
`)}</tbody>
</table></div>`;

const definitions = ({ idle }: Report, words: Words): Html =>
  section(words.definitions, html`<dl>${words.definition(idleTerms(idle).size, idleTerms(idle).part).map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`);
