import type { Command } from 'commander';
import type { RebuildLine } from '../http/routes/rebuild.js';
import { CommandError, hubUrl, request } from './hub-api.js';

export function registerRebuild(program: Command): void {
  program
    .command('rebuild [archives...]')
    .description('make archives anew from the samples and minutes that are kept; all of them unless named (servers_hour, gpus_day …)')
    .option('--from <date>', 'local date of the first day, yyyy-MM-dd', date)
    .option('--to <date>', 'local date of the last day', date)
    .option('--url <url>', 'where the service answers')
    .action(async (tables: string[], options: { from?: number; to?: number; url?: string }) => {
      const body = JSON.stringify({ ...(tables.length > 0 && { tables }), ...(options.from && { from: options.from }), ...(options.to && { to: options.to }) });
      const answer = await request(hubUrl(options.url), '/api/v1/rebuild', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      await follow(answer);
    });
}

async function follow(answer: Response): Promise<void> {
  let skipped = 0;
  for await (const line of linesOf(answer)) {
    if ('error' in line) throw new CommandError(line.error);
    if ('finished' in line) {
      process.stdout.write(`done${skipped > 0 ? `; ${skipped} were left as they are, because what they were made of is not kept any more` : ''}\n`);
      return;
    }
    if (line.skipped) skipped++;
    process.stdout.write(`${String(Math.round((100 * line.done) / line.total)).padStart(3)} %  ${line.table} ${new Date(line.day * 1000).toISOString().slice(0, 10)}\n`);
  }
  throw new CommandError('The service went away before it had finished; run the command again.');
}

async function* linesOf(answer: Response): AsyncGenerator<RebuildLine> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of answer.body!) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as RebuildLine;
  }
}

function date(text: string): number {
  const ts = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(ts)) throw new CommandError(`"${text}" is no date such as 2026-11-20.`);
  return ts;
}
