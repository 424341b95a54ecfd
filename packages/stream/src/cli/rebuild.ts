import path from 'node:path';
import type { Command } from 'commander';
import { envToConfig } from '../config.js';
import { startEngine } from '../engine/index.js';
import type { RebuildLine } from '../http/routes/rebuild.js';
import { Lifetime } from '../lifetime.js';
import { createLog } from '../log.js';
import { openDatabase } from '../store/client.js';
import type { RebuildProgress } from '../store/rebuild.js';
import { changeTimezone } from '../store/rezone.js';
import { defaultSettings } from '../store/settings.js';
import { dataDir, refuseWhileRunning } from './data-dir.js';
import { CommandError, hubUrl, request } from './hub-api.js';

export function registerRebuild(program: Command): void {
  program
    .command('rebuild [archives...]')
    .description('make archives anew from the samples and minutes that are kept; all of them unless named (servers_hour, gpus_day …)')
    .option('--from <date>', 'local date of the first day, yyyy-MM-dd', date)
    .option('--to <date>', 'local date of the last day', date)
    .option('--timezone <zone>', 'move the archives to another time zone; Vacancy must be stopped')
    .option('--url <url>', 'where the service answers')
    .action(async (tables: string[], options: { from?: string; to?: string; timezone?: string; url?: string }) => {
      if (options.timezone) return rezone(options.timezone);
      const body = JSON.stringify({ ...(tables.length > 0 && { tables }), ...(options.from && { from: options.from }), ...(options.to && { to: options.to }) });
      const answer = await request(hubUrl(options.url), '/api/v1/rebuild', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      await follow(answer);
    });
}

/** Hours and days begin elsewhere in another zone: they are made anew from the minutes, with nobody storing meanwhile. */
async function rezone(timezone: string): Promise<void> {
  const data = dataDir();
  await refuseWhileRunning(data);
  const config = envToConfig({ ...process.env, VACANCY_TIMEZONE: timezone });
  const life = new Lifetime();
  try {
    const clickhouse = config.clickhouse.url
      ? { url: config.clickhouse.url, username: config.clickhouse.username, password: config.clickhouse.password }
      : life.own(await startEngine({ dataDir: path.join(data, 'clickhouse'), port: 0, log: createLog('error') }));
    const db = life.own(openDatabase(clickhouse));
    await db.create();
    await changeTimezone(db, defaultSettings({ timezone: config.timezone, retention: { ...config.retention, day_days: null }, idle: config.idle }), show);
    process.stdout.write(`The archives are in ${config.timezone} now. Start Vacancy with VACANCY_TIMEZONE=${config.timezone}.\n`);
  } finally {
    await life[Symbol.asyncDispose]();
  }
}

function show({ done, total, table, day }: RebuildProgress): void {
  process.stdout.write(`${String(Math.round((100 * done) / total)).padStart(3)} %  ${table} ${new Date(day * 1000).toISOString().slice(0, 10)}\n`);
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
    show(line);
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

/** Which moments a date is of is for the service to say, which knows the time zone. */
function date(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text))) throw new CommandError(`"${text}" is no date such as 2026-11-20.`);
  return text;
}
