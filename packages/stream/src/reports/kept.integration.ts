import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, type Report, type ReportEvent } from '@vacancy/shared';
import { answerErrors } from '../http/errors.js';
import { silentLog } from '../log.js';
import { parseStart, type Span } from './period.js';
import { ReportBook } from './reports.js';
import { reportRoutes } from './routes.js';
import { startTestEngine, type TestEngine } from '../../../../test/harness/clickhouse.js';
import { openArchive, type Archive } from '../../../../test/integration/reports/archive.js';
import { history, type Arrived } from '../../../../test/integration/reports/fleet.js';

const timezone = 'Asia/Shanghai';
const at = (text: string): number => Date.parse(text);
const HOUR = 3_600_000;

let engine: TestEngine;
let archive: Archive;
let clock: ManualClock;
let held: Arrived[];
let events: ReportEvent[];
let databases = 0;

beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

const bookOf = (own: ReportEvent[] = events) => new ReportBook({ db: archive.db, timezone, log: silentLog, onReport: (event) => own.push(event) }, clock);
const day = (start: string): Span => {
  const span = parseStart('day', start, timezone);
  if (!span.ok) throw new Error(span.error);
  return span.value;
};

/** Two servers over three days of November; `held` is what one of them still has in its spool. */
beforeEach(async () => {
  archive = await openArchive(engine, `kept_${++databases}`, timezone);
  const member = { cards: 2, from: at('2026-11-17T16:00Z'), to: at('2026-11-20T20:00Z'), interval_ms: 600_000 };
  const all = [...history({ server: 'a', seed: 1, ...member }), ...history({ server: 'b', seed: 2, ...member })];
  held = all.filter((sample) => sample.server === 'b' && sample.ts > at('2026-11-19T20:00Z') && sample.ts < at('2026-11-19T23:00Z')).map((sample) => ({ ...sample, received_ts: at('2026-11-21T02:00Z') }));
  const late = new Set(held.map((sample) => sample.seq));
  await archive.insert(all.filter((sample) => sample.server !== 'b' || !late.has(sample.seq)).sort((a, b) => a.ts - b.ts));
  await archive.inventory({ server: 'a', name: '实验室一号', gpus: [{ gpu_id: 0, gpu_type: 'TITAN Xp', gpu_memory_limit: 1 }] });
  clock = new ManualClock(at('2026-11-20T20:10Z'));
  events = [];
  return () => archive[Symbol.asyncDispose]();
});

describe('a closed report', () => {
  it('is made once: a second making returns the first', async () => {
    const book = bookOf();
    const first = await book.make(day('2026-11-20'));
    expect(first).toMatchObject({ revision: 1, open: false, generated_at: clock.now(), timezone });
    clock.advance(HOUR);
    expect(await book.make(day('2026-11-20'))).toEqual(first);
    expect(await book.make(day('2026-11-20'), true)).toEqual(first);
    expect(events).toEqual([{ period: 'day', start: '2026-11-20', revision: 1, ts: first.generated_at }]);
  });

  it('reads back as it was made', async () => {
    const made = await bookOf().make(day('2026-11-19'));
    expect(await bookOf().get(day('2026-11-19'))).toEqual(made);
    expect(made.servers[0]).toMatchObject({ server: 'a', name: '实验室一号', gpus: [{ gpu_type: 'TITAN Xp' }, { gpu_type: null }] });
  });

  it('is made once by several instances at the same time', async () => {
    const told: ReportEvent[][] = [[], [], [], []];
    const reports = await Promise.all(told.map((own) => bookOf(own).make(day('2026-11-20'))));
    expect(new Set(reports.map((report) => JSON.stringify(report))).size).toBe(1);
    expect(told.flat()).toHaveLength(1);
    expect(await archive.db.rows('SELECT revision FROM reports')).toEqual([{ revision: 1 }]);
  });

  it('is marked when late data arrives, and made anew with what changed once the data has come to rest', async () => {
    const book = bookOf();
    const before = await book.make(day('2026-11-20'));
    await archive.insert(held.slice(0, 6));
    await book.reviseLate();
    expect(await book.get(day('2026-11-20'))).toEqual({ ...before, late: true });
    expect((await book.list('day')).reports[0]).toMatchObject({ start: '2026-11-20', revision: 1, late: true });

    await archive.insert(held.slice(6));
    clock.advance(HOUR);
    await book.reviseLate();
    expect(await book.get(day('2026-11-20'))).toMatchObject({ revision: 1, late: true });

    clock.advance(HOUR);
    await book.reviseLate();
    const after = await book.get(day('2026-11-20'));
    expect(after).toMatchObject({ revision: 2, late: false });
    expect(after.coverage).toBeGreaterThan(before.coverage);
    expect(after.changes).toContainEqual({ field: 'servers.b.coverage', before: before.servers[1]!.coverage, after: after.servers[1]!.coverage });
    expect(after.changes.some(({ field }) => field.startsWith('servers.a'))).toBe(false);
    expect(events.map((event) => event.revision)).toEqual([1, 2]);
    expect(await book.get(day('2026-11-20'), 1)).toMatchObject({ revision: 1, coverage: before.coverage });

    clock.advance(HOUR);
    await book.reviseLate();
    expect((await book.list('day')).reports[0]).toMatchObject({ revision: 2, late: false });
  });

  it('of the day after a revised one follows it, because it is compared with it', async () => {
    const book = bookOf();
    clock.advance(24 * HOUR);
    const before = await book.make(day('2026-11-21'));
    await archive.insert(held);
    for (let i = 0; i < 3; i++) {
      clock.advance(HOUR);
      await book.reviseLate();
    }
    const after = await book.get(day('2026-11-21'));
    expect(after.fleet).toEqual(before.fleet);
    expect(after.changes.every(({ field }) => field.startsWith('previous.'))).toBe(true);
    expect(after.changes.length).toBeGreaterThan(0);
  });

  it('that is missing is made at start, newest first, none from before the data', async () => {
    const book = bookOf();
    const progress: string[] = [];
    expect(await book.makeMissing(clock.now(), ({ period, start, done, total }) => progress.push(`${done}/${total} ${period} ${start}`))).toBe(3);
    expect(progress).toEqual(['0/3 day 2026-11-20', '1/3 day 2026-11-19', '2/3 day 2026-11-18']);
    expect(await book.makeMissing()).toBe(0);
    expect((await book.list('day')).reports.map((item) => item.start)).toEqual(['2026-11-20', '2026-11-19', '2026-11-18']);
  });

  it('of a day whose minutes are not kept any more is charted by the hour', async () => {
    await archive.db.command('ALTER TABLE servers_minute DELETE WHERE true SETTINGS mutations_sync = 1');
    const { trends, coverage } = await bookOf().make(day('2026-11-19'));
    expect(trends.ts).toHaveLength(24);
    expect(trends.coverage.every((share) => share === 1)).toBe(true);
    expect(coverage).toBe(1);
  });

  it('of data that arrives afterwards is made once that has come to rest, by one of several instances', async () => {
    const told: ReportEvent[][] = [[], []];
    const [one, two] = told.map(bookOf) as [ReportBook, ReportBook];
    expect(await one.makeArrived()).toBe(0);
    await archive.insert(held.slice(0, 6));
    expect(await one.makeArrived()).toBe(0);
    await archive.insert(held.slice(6));
    expect(await Promise.all([one.makeArrived(), two.makeArrived()])).toEqual([0, 0]);
    expect(await Promise.all([one.makeArrived(), two.makeArrived()])).toEqual([3, 3]);
    expect(await one.makeArrived()).toBe(0);
    expect(told.flat()).toHaveLength(3);

    // An earlier day, as of a history that is loaded while the service runs.
    await archive.insert([...history({ server: 'a', seed: 3, cards: 1, from: at('2026-11-16T16:00Z'), to: at('2026-11-17T16:00Z'), interval_ms: 600_000 })]);
    expect([await one.makeArrived(), await one.makeArrived(), await one.makeArrived()]).toEqual([0, 1, 0]);
    expect((await one.list('day')).reports.map((item) => `${item.start} ${item.revision}`)).toEqual(['2026-11-20 1', '2026-11-19 1', '2026-11-18 1', '2026-11-17 1']);
  });

  it('that is missing after midnight waits for nothing but its time', async () => {
    const book = bookOf();
    await book.makeArrived();
    await book.makeArrived();
    clock.advance(20 * HOUR);
    await archive.insert(held);
    expect(await book.makeMissing()).toBe(1);
  });
});

describe('the report query', () => {
  let app: FastifyInstance;
  beforeEach(() => {
    app = Fastify();
    answerErrors(app);
    reportRoutes(app, bookOf(), { forms: { txt: { type: 'text/plain; charset=utf-8', inline: true, render: (report, lang) => `${report.start} ${lang}` } }, deliveries: async () => [] });
    return () => app.close();
  });
  const get = async (url: string, headers = {}) => {
    const answer = await app.inject({ url, headers });
    return { status: answer.statusCode, body: String(answer.headers['content-type']).includes('json') ? answer.json<Record<string, unknown>>() : answer.body };
  };

  it('lists what is kept', async () => {
    await bookOf().makeMissing();
    const { body } = await get('/reports?period=day&limit=2');
    expect(body).toMatchObject({ timezone, since: '2026-11-18', reports: [{ period: 'day', start: '2026-11-20', end: '2026-11-21', revision: 1, late: false }, { start: '2026-11-19' }] });
  });

  it('answers a closed report, and makes it when nobody had', async () => {
    const { status, body } = await get('/reports/day/2026-11-19');
    expect(status).toBe(200);
    expect(body).toMatchObject({ period: 'day', start: '2026-11-19', end: '2026-11-20', timezone, revision: 1, general: { server_num: 2, gpu_num: 4 }, idle: { free_bytes: 8 * 2 ** 30, used_share: 0.1 } });
    expect(await archive.db.rows('SELECT toString(start) AS start FROM reports')).toEqual([{ start: '2026-11-19' }]);
  });

  it('builds an open one as it stands and keeps nothing', async () => {
    const { body } = await get('/reports/month/2026-11-01');
    expect(body).toMatchObject({ open: true, revision: 0, start: '2026-11-01', generated_at: clock.now() });
    expect((body as unknown as Report).trends.ts).toHaveLength(21);
    expect(await archive.db.rows('SELECT 1 FROM reports')).toEqual([]);
  });

  it('renders the form that a suffix names in the language that is asked for', async () => {
    expect((await get('/reports/day/2026-11-19.txt', { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' })).body).toBe('2026-11-19 zh');
    expect((await get('/reports/day/2026-11-19.txt', { 'accept-language': 'fr, en;q=0.9, zh;q=0.5' })).body).toBe('2026-11-19 en');
    expect((await get('/reports/day/2026-11-19.txt?lang=zh')).body).toBe('2026-11-19 zh');
  });

  it('compares two reports of one kind', async () => {
    const { body } = await get('/reports/compare?period=day&a=2026-11-19&b=2026-11-20');
    expect(body).toMatchObject({ period: 'day', a: { start: '2026-11-19' }, b: { start: '2026-11-20' }, servers: [{ server: 'a' }, { server: 'b' }] });
    const a = (await get('/reports/day/2026-11-19')).body as unknown as Report;
    const b = (await get('/reports/day/2026-11-20')).body as unknown as Report;
    expect((body as { fields: unknown[] }).fields).toContainEqual({ field: 'fleet.cpu_mean', a: a.fleet.cpu_mean, b: b.fleet.cpu_mean });
  });

  it('makes one anew by hand', async () => {
    const first = await app.inject({ method: 'POST', url: '/reports/day/2026-11-20' });
    await archive.insert(held);
    const second = await app.inject({ method: 'POST', url: '/reports/day/2026-11-20' });
    expect([first.json<Report>().revision, second.json<Report>().revision]).toEqual([1, 2]);
  });

  it.each([
    ['/reports/day/2026-11-24', 404, 'not_found', 'has not come yet'],
    ['/reports/day/2026-11-10', 404, 'not_found', 'The archives begin on 2026-11-18'],
    ['/reports/day/2026-11-20?revision=9', 404, 'not_found', 'no revision 9'],
    ['/reports/day/2026-11-20.exe', 404, 'not_found', 'no form "exe"'],
    ['/reports/week/2026-11-18', 400, 'bad_request', 'begins on 2026-11-16'],
    ['/reports/day/yesterday', 400, 'bad_request', 'does not name a day'],
    ['/reports/decade/2026-11-20', 400, 'bad_request', ''],
    ['/reports', 400, 'bad_request', 'period'],
    ['/reports/day/2026-11-20?lang=fr', 400, 'bad_request', 'lang'],
    ['/reports/compare?period=day&a=2026-11-19', 400, 'bad_request', ''],
  ])('answers %s with %i %s', async (url, status, code, says) => {
    const answer = await get(url);
    expect(answer).toMatchObject({ status, body: { error: { code, message: expect.stringContaining(says) } } });
  });
});
