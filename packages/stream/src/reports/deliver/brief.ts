import type { Report } from '@vacancy/shared';
import type { Brief } from '../../deliver/chat.js';
import { bytes, idleTerms, percent, share } from '../render/format.js';
import { titleOf } from '../render/html.js';
import type { Lang } from '../../deliver/lang.js';
import { WORDS } from '../render/words.js';

/** A report as a few lines for a chat: the main figures and the summary. */
export function briefOf(report: Report, lang: Lang, link: string | null): Brief {
  const words = WORDS[lang];
  const { fleet } = report;
  const { size, part } = idleTerms(report.idle);
  const figures = report.general.server_num === 0 ? [words.empty] : [
    `${words.server_num} ${report.general.server_num} · ${words.gpu_num} ${report.general.gpu_num} · ${words.coverage} ${share(report.coverage)}`,
    `${words.cpu_mean} ${percent(fleet.cpu_mean)} · ${words.idle_rate} ${share(fleet.idle_rate.free8g)} (${words.free8g(size)}), ${share(fleet.idle_rate.used10pct)} (${words.used10pct(part)})`,
    `${words.hdd_used_avg} ${bytes(fleet.hdd_used_avg)} · ${words.network_up_total} ${bytes(fleet.network_up_total)} · ${words.network_down_total} ${bytes(fleet.network_down_total)}`,
  ];
  const revised = report.revision > 1 ? [words.changed(report.changes.length)] : [];
  return { title: titleOf(report, words), lines: [...revised, ...figures, ...report.summary.map((sentence) => sentence[lang])], link };
}

/** A report as a program is told of it. */
export function figuresOf({ period, start, end, timezone, revision, generated_at, coverage, general, fleet, previous, summary }: Report): Record<string, unknown> {
  return { kind: 'report', report: { period, start, end, timezone, revision, generated_at, coverage, general, fleet, previous, summary } };
}
