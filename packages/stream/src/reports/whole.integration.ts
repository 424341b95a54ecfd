import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_BASE, ManualClock, PERIODS, SECOND, type ReportEvent } from '@vacancy/shared';
import { answerErrors } from '../http/errors.js';
import { silentLog } from '../log.js';
import { startTestEngine, type TestEngine } from '../../../../test/harness/clickhouse.js';
import { openArchive, type Archive } from '../../../../test/integration/reports/archive.js';
import { history } from '../../../../test/integration/reports/fleet.js';
import { createReports, type CreateReportsOptions, type Reports } from './index.js';

const run = promisify(execFile);
const at = (text: string): number => Date.parse(text);

let engine: TestEngine;
let archive: Archive;
let app: FastifyInstance;
let reports: Reports;
let folder: string;
let url: string;
const events: ReportEvent[] = [];
const told: { title: string }[] = [];
const clock = new ManualClock(at('2026-11-22T16:10Z'));

const hook = createServer(async (request, response) => {
  told.push(JSON.parse(Buffer.concat(await request.toArray()).toString()) as { title: string });
  response.end();
});

const options = (): CreateReportsOptions => ({
  db: archive.db, timezone: 'Asia/Shanghai', at: '00:10', push: (event) => events.push(event), targets: [{ kind: 'webhook', name: 'lab', periods: PERIODS, lang: 'zh', revisions: false, alerts: false, url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/` }],
  allow_private_webhooks: true, public_url: 'http://hub.lab/', idle_lead: 'free8g', log: silentLog,
});

/** Two weeks of one server, ending with Sunday night in Shanghai; the service starts ten minutes later. */
beforeAll(async () => {
  engine = await startTestEngine();
  folder = await mkdtemp(path.join(tmpdir(), 'vacancy-reports-'));
  archive = await openArchive(engine, 'whole', 'Asia/Shanghai');
  await archive.insert([...history({ server: 'gpu01', cards: 2, from: at('2026-11-08T16:00Z'), to: at('2026-11-22T16:00Z'), interval_ms: 1_800_000, seed: 7 })]);
  hook.listen(0, '127.0.0.1');
  await once(hook, 'listening');
  reports = createReports(options(), clock);
  app = Fastify({ forceCloseConnections: true });
  answerErrors(app);
  await app.register(async (api) => reports.routes(api), { prefix: API_BASE });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await reports[Symbol.asyncDispose]();
  hook.close();
  await archive[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const PROGRAM = `import { Command } from 'commander'; import { registerReport } from './report.ts';
const program = new Command(); registerReport(program); program.parseAsync().catch((error) => { console.error(error.message); process.exitCode = 2; });`;
/** `vacancy report …` in a process of its own. */
async function vacancy(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  const cwd = fileURLToPath(new URL('../cli/', import.meta.url));
  const node = ['--import', 'tsx', '--conditions=@vacancy/source', '--input-type=module', '--eval', PROGRAM, '--', 'report', ...args, '--url', url];
  return run(process.execPath, node, { cwd, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    ({ stdout, stderr, code }: { stdout: string; stderr: string; code: number }) => ({ stdout, stderr, code }),
  );
}

describe('the service', () => {
  it('after its start makes what is missing, tells the pages, and delivers what has just ended', async () => {
    reports.start();
    const later = () => {
      clock.advance(10 * SECOND);
      return events.length;
    };
    await expect.poll(later, { timeout: 60_000 }).toBe(16);
    await expect.poll(() => told.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
    await reports.deliveries.idle();
    expect(events.map(({ period, start }) => `${period} ${start}`)).toEqual(expect.arrayContaining(['week 2026-11-16', 'week 2026-11-09', 'day 2026-11-22', 'day 2026-11-09']));
    // Two days old at most: the week, its Sunday and its Saturday; not the fortnight of history.
    expect(told.map(({ title }) => title).sort()).toEqual(['周报表 2026-11-16 – 2026-11-22', '日报表 2026-11-21', '日报表 2026-11-22']);
  });

  it.each([
    ['html', 'text/html; charset=utf-8', '<!doctype html>'],
    ['csv', 'text/csv; charset=utf-8', '\ufeffWeekly report'],
  ])('answers the week as .%s', async (suffix, type, begins) => {
    const answer = await fetch(`${url}${API_BASE}/reports/week/2026-11-16.${suffix}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
    expect(Buffer.from(await answer.arrayBuffer()).toString('utf8').startsWith(begins)).toBe(true);
  });

  it('answers the week as .pdf where a browser is installed, else with a sentence', async () => {
    const answer = await fetch(`${url}${API_BASE}/reports/week/2026-11-16.pdf`);
    const body = Buffer.from(await answer.arrayBuffer()).toString('latin1');
    if (answer.status === 501) expect(JSON.parse(body)).toMatchObject({ error: { code: 'no_browser', message: expect.stringContaining('apt-get install chromium') } });
    else expect([answer.status, answer.headers.get('content-type'), body.slice(0, 4)]).toEqual([200, 'application/pdf', '%PDF']);
  });

  it('shows the log of deliveries by names', async () => {
    const { deliveries } = (await (await fetch(`${url}${API_BASE}/reports/deliveries`)).json()) as { deliveries: object[] };
    expect(deliveries).toContainEqual(expect.objectContaining({ target: 'lab', period: 'week', state: 'sent' }));
  });
});

describe('vacancy report', () => {
  it('lists, makes and shows', async () => {
    expect((await vacancy('list', 'week')).stdout).toMatch(/^week 2026-11-16 {2}to 2026-11-23 {2}revision 1 {2}coverage 100\.0%/);
    expect((await vacancy('make', 'week', '2026-W47', '--force')).stdout).toMatch(/^week 2026-11-16 {2}to 2026-11-23 {2}revision 1/);
    const file = path.join(folder, 'out.html');
    expect((await vacancy('show', 'day', '2026-11-20', '--format', 'html', '--out', file)).code).toBe(0);
    expect(await readFile(file, 'utf8')).toContain('日报表');
  });

  it('makes many with progress, those that are not there named and left out', async () => {
    const { stdout, stderr, code } = await vacancy('make', 'day', '2026-11-08', '--until', '2026-11-10');
    expect(stdout.split('\n').map((line) => line.slice(0, 14))).toEqual(['day 2026-11-09', 'day 2026-11-10', '']);
    expect(stderr).toBe('1/3  making the day report of 2026-11-08 …\nThe archives begin on 2026-11-09.\n2/3  making the day report of 2026-11-09 …\n3/3  making the day report of 2026-11-10 …\n1 of 3 could not be made.\n');
    expect(code).toBe(2);
    expect(await vacancy('make', 'day', '2026-11-10', '--until', '2026-11-09')).toMatchObject({ code: 2, stderr: expect.stringContaining('comes before') });
  });

  it('ends with the service’s sentence when it cannot', async () => {
    expect(await vacancy('make', 'week', '2026-11-18')).toMatchObject({ code: 2, stderr: expect.stringContaining('begins on 2026-11-16') });
    expect((await vacancy('list', 'decade')).code).not.toBe(0);
  });
});
