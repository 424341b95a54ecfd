import { describe, expect, it } from 'vitest';
import { DAY, GIB, type DiskForecast, type Report, type ReportGpu } from '@vacancy/shared';
import { figuresOf } from './changes.js';
import { START, fleet, report, server } from './fixture.js';
import { summarize } from './summary.js';

const TIB = 2 ** 40;
const codes = (given: Partial<Report>) => summarize(report(given)).map((sentence) => sentence.code);
const said = (code: string, given: Partial<Report>) => summarize(report(given)).find((sentence) => sentence.code === code);
const forecast = (full: DiskForecast['full_in_days']): DiskForecast => ({ days: 30, bytes_per_day: 10 * 2 ** 30, bytes_per_day_error: 2 ** 30, full_in_days: full });
const gpu = (given: Partial<ReportGpu>): ReportGpu => ({ id: 0, gpu_type: null, coverage: 1, idle_rate: { free8g: 0.5, used10pct: 0.5 }, utilization_mean: 1, memory_used_avg: 1, memory_used_max: 1, memory_total: 1, occupied_idle_hours: 0, ...given });

describe('the summary', () => {
  it('of an uneventful week says how idle the cards were and when it was busy', () => {
    expect(summarize(report()).map(({ en, zh }) => [en, zh])).toEqual([
      ['Cards had more than 8 GiB free 50.0% of the time, and less than 10% of their memory in use 25.0% of the time.', '显卡有 50.0% 的时间空闲显存超过 8 GiB，有 25.0% 的时间显存占用不到 10%。'],
      ['The CPUs were busiest on Mon 14:00–15:00 (mean 80%); the busiest server was 一号 (60%), the idlest Two (20%).', 'CPU 最忙的时段是周一 14:00–15:00（平均 80%）；最忙的服务器是一号（60%），最闲的是 Two（20%）。'],
    ]);
  });

  it('of a period without data says nothing', () => {
    expect(summarize(report({ general: { server_num: 0, user_num: null, gpu_num: 0 }, servers: [] }))).toEqual([]);
  });

  it('names the server that was away longest, and counts the others', () => {
    const servers = [server('gpu01', { availability: 0.98 }), server('gpu02', { name: 'Two', availability: 0.5 }), server('gpu03', { availability: 0.999 })];
    expect(said('outages', { servers })).toMatchObject({
      params: { server: 'gpu02', away_hours: '84.0', servers: 2, availability: 0.5 },
      en: 'Two sent no data for 84.0 hours in total (availability 50.0%); 1 other server was away at times too.',
      zh: 'Two 累计 84.0 小时没有上报数据（在线率 50.0%），另有 1 台服务器也出现过中断。',
    });
  });

  it.each([
    ['a full disk', server('gpu01', { hdd_used_avg: 7.5 * TIB }), 'The disks of gpu01 were 93.8% full on average.'],
    ['one that fills up', server('gpu01', { hdd_used_avg: 4 * TIB, hdd_forecast: forecast({ likely: 21.3, earliest: 18, latest: 26.6 }) }), 'The disks of gpu01 were 50.0% full on average and grow by 10.0 GiB a day: full in about 21 days (18 to 27).'],
    ['one that fills up steadily', server('gpu01', { hdd_used_avg: 4 * TIB, hdd_forecast: forecast({ likely: 21.3, earliest: 21.1, latest: 21.4 }) }), 'The disks of gpu01 were 50.0% full on average and grow by 10.0 GiB a day: full in about 21 days.'],
    ['one that may never', server('gpu01', { hdd_used_avg: 4 * TIB, hdd_forecast: forecast({ likely: 9.5, earliest: 4.2, latest: null }) }), 'The disks of gpu01 were 50.0% full on average and grow by 10.0 GiB a day: full in about 9.5 days (4.2 at the earliest).'],
  ])('warns of %s', (_what, disk, en) => {
    expect(said('disk', { servers: [disk] })?.en).toBe(en);
  });

  it('says nothing of a disk that has room for a year', () => {
    expect(codes({ servers: [server('gpu01', { hdd_used_avg: 4 * TIB, hdd_forecast: forecast({ likely: 400, earliest: 300, latest: 600 }) })] })).not.toContain('disk');
  });

  it.each([
    ['CPU by five points', fleet({ cpu_mean: 45.2 }), 'fleet.cpu_mean', 'Compared with the week before, mean CPU rose from 40.0% to 45.2%.'],
    ['idle share', fleet({ idle_rate: { free8g: 0.4, used10pct: 0.2 } }), 'fleet.idle_rate.free8g', 'Compared with the week before, the idle share of the GPUs fell from 50.0% to 40.0%.'],
    ['traffic by half', fleet({ network_up_total: 3 * TIB }), 'fleet.network_up_total', 'Compared with the week before, data sent rose from 1.00 TiB to 3.00 TiB.'],
    ['the two largest, the larger first', fleet({ cpu_mean: 46, network_up_total: 1.6 * TIB, network_down_total: TIB / 8 }), 'fleet.network_down_total', 'Compared with the week before, data received fell from 2.00 TiB to 128 GiB and mean CPU rose from 40.0% to 46.0%.'],
  ])('tells the change of %s', (_what, now, field, en) => {
    expect(said('change', { fleet: now })).toMatchObject({ params: { field }, en });
  });

  it.each([
    ['small changes', { fleet: fleet({ cpu_mean: 44 }) }],
    ['what was not known before', { fleet: fleet({ cpu_mean: 90 }), previous: null }],
    ['traffic of which more was observed', { fleet: fleet({ network_up_total: 3 * TIB }), previous: fleet({ coverage: 0.6 }) }],
    ['memory and disk of servers that joined', { fleet: fleet({ hdd_used_avg: 6 * TIB, hdd_total: 24 * TIB, memory_avg: { total: 1024 * GIB, used: 200 * GIB } }) }],
    ['a period before that was hardly seen', { fleet: fleet({ cpu_mean: 90 }), previous: fleet({ coverage: 0.3 }) }],
    ['an open period', { fleet: fleet({ cpu_mean: 90 }), open: true }],
  ])('is silent about %s', (_what, given) => {
    expect(codes(given)).not.toContain('change');
  });

  it('tells of cards that were held without working, and who held most', () => {
    const servers = [server('gpu01', { gpus: [gpu({ occupied_idle_hours: 40 }), gpu({ id: 1 })] })];
    const user = (name: string, idle_hours: number) => ({ user: name, gpu_hours: 50, gpu_hours_fair: 50, idle_hours, servers: [] });
    expect(said('held_idle', { servers, users: [user('alice', 10), user('bob', 30)] })).toMatchObject({ en: 'Cards were held without computing for 40.0 card-hours, 11.9% of their time; bob held the most (30.0).', zh: '显卡被占用却没有计算的时间共 40.0 卡时（占显卡时间的 11.9%），其中 bob 最多（30.0 卡时）。' });
    expect(codes({ servers: [server('gpu01', { gpus: [gpu({ occupied_idle_hours: 2 })] })] })).not.toContain('held_idle');
  });

  it('speaks of short absences in minutes', () => {
    const servers = [server('gpu01', { availability: 1 - 1_500 / 43_200, first_seen: START + 6.5 * DAY })];
    expect(said('outages', { servers })?.en).toBe('gpu01 sent no data for 25 minutes in total (availability 96.5%).');
  });

  it('names the thresholds that were in force', () => {
    expect(said('idle_cards', { idle: { free_bytes: 4 * GIB, used_share: 0.05 } })?.en).toContain('more than 4 GiB free 50.0% of the time, and less than 5% of');
  });

  it('says first when little was observed, but not of a period that runs', () => {
    expect(summarize(report({ coverage: 0.143 }))[0]).toMatchObject({ code: 'coverage', en: 'Only 14.3% of the servers’ time in this period was observed; all figures are of that part.' });
    expect(codes({ coverage: 0.143, open: true })).not.toContain('coverage');
  });

  const eventful: Partial<Report> = {
    fleet: fleet({ cpu_mean: 90 }),
    servers: [server('gpu01', { availability: 0.5, hdd_used_avg: 7.9 * TIB, gpus: [gpu({ occupied_idle_hours: 80 })] }), server('gpu02')],
    users: [{ user: 'bob', gpu_hours: 90, gpu_hours_fair: 90, idle_hours: 80, servers: [] }],
  };

  it('has five sentences at most, those that call for action first', () => {
    expect(codes(eventful)).toEqual(['outages', 'disk', 'change', 'idle_cards', 'held_idle']);
  });

  it('names for each sentence a figure that is in the report', () => {
    const full = report(eventful);
    const figures = [...figuresOf(full).keys()];
    for (const { params } of [...summarize(full), ...summarize(report())]) expect(figures.some((field) => field.startsWith(String(params['field'])))).toBe(true);
  });

  it('takes names as plain text', () => {
    const [sentence] = summarize(report({ servers: [server('gpu01', { name: 'a\u202eb\n<b>', availability: 0.5 })] }));
    expect(sentence!.en).toContain('a b <b> sent no data');
  });
});
