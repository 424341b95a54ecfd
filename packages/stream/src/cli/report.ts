import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { API_BASE, PERIODS, type Period, type Report, type ReportListItem } from '@vacancy/shared';
import { nextSpan, parseStart } from '../reports/period.js';
import { CommandError, ask, hubUrl, request } from './hub-api.js';
import { plain } from './terminal.js';

interface Connection {
  readonly url?: string;
}

/** `vacancy report make|list|show`: the report query of a running service. */
export function registerReport(program: Command): void {
  const report = program.command('report').description('make, list and show reports of a running service');

  connected(report.command('list').description('the kept reports of one kind, newest first').argument('<period>', PERIODS.join(', '), period))
    .option('--limit <number>', 'how many', '50')
    .action(async (kind: Period, options: Connection & { limit: string }) => {
      const { reports } = await ask<{ reports: ReportListItem[] }>(hubUrl(options.url), route(`?period=${kind}&limit=${encodeURIComponent(options.limit)}`));
      for (const item of reports) console.log(describe(item));
      if (reports.length === 0) console.log(`No ${kind} report is kept yet.`);
    });

  connected(report.command('make').description('make closed reports, or make them anew when their data has changed').argument('<period>', PERIODS.join(', '), period).argument('<start>', 'its first day, or 2026-W47, 2026-11, 2026'))
    .option('--until <start>', 'that one and all between: 2026-10-01 --until 2026-10-31')
    .option('--force', 'build them even when no data has changed')
    .action(async (kind: Period, start: string, options: Connection & { until?: string; force?: boolean }) => {
      const starts = startsOf(kind, start, options.until ?? start);
      let missing = 0;
      for (const [done, one] of starts.entries()) {
        process.stderr.write(`${done + 1}/${starts.length}  making the ${kind} report of ${one} …\n`);
        try {
          show(await ask<Report>(hubUrl(options.url), route(`/${kind}/${encodeURIComponent(one)}?force=${String(options.force ?? false)}`), { method: 'POST' }));
        } catch (error) {
          // Of many, those before the archives begin or not begun yet do not keep the others from being made.
          if (starts.length === 1 || !(error instanceof CommandError) || error.status !== 404) throw error;
          process.stderr.write(`${error.message}\n`);
          missing++;
        }
      }
      if (missing > 0) throw new CommandError(`${missing} of ${starts.length} could not be made.`);
    });

  connected(report.command('show').description('one report in a form').argument('<period>', PERIODS.join(', '), period).argument('<start>', 'its first day, or 2026-W47, 2026-11, 2026'))
    .addOption(new Option('--format <form>').choices(['json', 'csv', 'html', 'pdf']).default('json'))
    .addOption(new Option('--lang <lang>').choices(['zh', 'en']).default('zh'))
    .option('--out <file>', 'write it there instead of to the terminal')
    .action(async (kind: Period, start: string, options: Connection & { format: string; lang: string; out?: string }) => {
      const suffix = options.format === 'json' ? '' : `.${options.format}`;
      const answer = await request(hubUrl(options.url), route(`/${kind}/${encodeURIComponent(start)}${suffix}?lang=${options.lang}`), { headers: { accept: '*/*' } });
      const body = Buffer.from(await answer.arrayBuffer());
      if (options.out) await writeFile(options.out, body);
      else process.stdout.write(body);
    });
}

function show(made: Report): void {
  console.log(describe(made));
  for (const { field, before, after } of made.changes.slice(0, 20)) console.log(`  ${plain(field)}: ${before ?? 'unknown'} -> ${after ?? 'unknown'}`);
  if (made.changes.length > 20) console.log(`  and ${made.changes.length - 20} more`);
}

/** The names of the periods from one to another; the zone of the service does not matter to dates. */
function startsOf(kind: Period, first: string, last: string): string[] {
  if (first === last) return [first];
  const [from, to] = [first, last].map((text) => {
    const span = parseStart(kind, text, 'UTC');
    if (!span.ok) throw new CommandError(`${span.error}.`);
    return span.value;
  });
  if (from!.from > to!.from) throw new CommandError(`${last} comes before ${first}.`);
  const starts: string[] = [];
  for (let span = from!; span.from <= to!.from; span = nextSpan(span)) starts.push(span.start);
  return starts;
}

const connected = (command: Command): Command => command.option('--url <url>', 'where the service answers');

const route = (path: string): string => `${API_BASE}/reports${path}`;

function period(text: string): Period {
  if (!PERIODS.includes(text as Period)) throw new InvalidArgumentError(`use one of ${PERIODS.join(', ')}.`);
  return text as Period;
}

const describe = ({ period, start, end, revision, coverage, late, generated_at }: ReportListItem): string =>
  `${period} ${start}  to ${end}  ${revision > 0 ? `revision ${revision}` : 'open'}${late ? ' (late data)' : ''}  coverage ${(100 * coverage).toFixed(1)}%  made ${new Date(generated_at).toISOString()}`;
