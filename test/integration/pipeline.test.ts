import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { io } from 'socket.io-client';
import {
  GIB, HOUR, MINUTE, SECOND, applyRow, inventorySubject, messageId, sampleSubject,
  type Alert, type Alerts, type FleetDelta, type FleetRow, type Inventory, type LiveRow, type Overview, type Sample, type Series, type ServerDetail, type Snapshot,
} from '@vacancy/shared';
import { waitFor } from '../harness/nats.js';
import { startStack, type Stack } from '../harness/stack.js';

// One sample's whole way on real parts: a plain NATS client publishes, and every reader of Vacancy is asked what it saw.
// The expected figures are worked out by hand beside the samples; nothing of the product computes them.

let stack: Stack;
let js: JetStreamClient;
/** Messages that must end as rows, so far. */
let stored = 0;

beforeAll(async () => {
  stack = await startStack();
  js = jetstream(await stack.connect());
});
afterAll(() => stack?.[Symbol.asyncDispose]());

/** The first of two whole minutes of the recent past that lie in one hour, so that an hour's figures are those of both. */
const M = ((minute) => (minute % HOUR === HOUR - MINUTE ? minute - MINUTE : minute))(Math.floor((Date.now() - 3 * MINUTE) / MINUTE) * MINUTE);
const S = SECOND;

type Fields = Partial<Sample> & Pick<Sample, 'server' | 'seq' | 'ts'>;
const sample = (fields: Fields): Sample => ({
  v: 1, boot_id: 'boot-of-the-first-day', interval_ms: 10 * S, uptime_s: 1000 + fields.seq, cpu: 0,
  memory_total: 64 * GIB, memory_used: 8 * GIB, hdd_total: 4e12, hdd_used: 1e12, network_in: 0, network_out: 0, gpus: [], ...fields,
});
const card = (id: number, usedGiB: number, more: Partial<Sample['gpus'][number]> = {}): Sample['gpus'][number] => ({
  id, memory_total: 24 * GIB, memory_used: usedGiB * GIB, ...more,
});
const held = (...users: string[]) => ({ processes: users.map((user, i) => ({ pid: 100 + i, user, memory_used: GIB })) });

async function publish(samples: readonly Sample[], { withId = true, duplicates = false } = {}): Promise<void> {
  for (const one of samples) await js.publish(sampleSubject(one.server), JSON.stringify(one), withId ? { msgID: messageId(one) } : {});
  if (!duplicates) stored += samples.length;
}
const allStored = () => waitFor(() => stack.app.store.status().inserted === stored, 60_000, 'every sample in the database');

/** One row of figures as numbers, whatever their type in the database. */
async function one(query: string): Promise<Record<string, number | null>> {
  const rows = await stack.sql(query);
  expect(rows, query).toHaveLength(1);
  return Object.fromEntries(Object.entries(rows[0]!).map(([name, value]) => [name, value === null ? null : Number(value)]));
}

function expectFigures(found: Record<string, number | null>, expected: Record<string, number | null>, what: string): void {
  for (const [name, value] of Object.entries(expected)) {
    if (value === null) expect(found[name], `${what} ${name}`).toBeNull();
    else expect(found[name], `${what} ${name}`).toBeCloseTo(value, 6);
  }
}

/** `alpha`: two cards, a reboot in the second minute. Its fourth sample arrives after all others. */
const ALPHA = [
  sample({ server: 'alpha', seq: 0, ts: M + 10 * S, cpu: 10, network_out: 1000, network_in: 500, user_num: 1, gpus: [card(0, 2, { utilization: 0 }), card(1, 1)] }),
  sample({ server: 'alpha', seq: 1, ts: M + 20 * S, cpu: 20, network_out: 1600, network_in: 700, user_num: 4, gpus: [card(0, 12, { utilization: 40, ...held('alice') }), card(1, 1)] }),
  sample({ server: 'alpha', seq: 2, ts: M + 30 * S, cpu: 60, network_out: 2000, network_in: 1000, memory_used: 16 * GIB, gpus: [card(0, 20, held('alice', 'bob')), card(1, 1)] }),
  sample({ server: 'alpha', seq: 3, ts: M + 40 * S, cpu: 30, network_out: 3000, network_in: 1500, hdd_used: 1.4e12, gpus: [card(0, 16, { utilization: 80, ...held('alice') }), card(1, 1)] }),
  sample({ server: 'alpha', seq: 4, ts: M + 70 * S, cpu: 50, network_out: 5000, network_in: 2500, gpus: [card(0, 20, { utilization: 90, ...held('bob') }), card(1, 1)] }),
  sample({ server: 'alpha', seq: 0, ts: M + 80 * S, cpu: 90, network_out: 400, network_in: 100, boot_id: 'after-the-reboot', uptime_s: 5, gpus: [card(0, 20, { utilization: 90, ...held('bob') }), card(1, 1)] }),
  sample({ server: 'alpha', seq: 1, ts: M + 90 * S, cpu: 100, network_out: 900, network_in: 300, boot_id: 'after-the-reboot', uptime_s: 15, gpus: [card(0, 20, { utilization: 90, ...held('bob') }), card(1, 1)] }),
];
const LATE = ALPHA[3]!;
/** `beta` has no cards. */
const BETA = [
  sample({ server: 'beta', seq: 0, ts: M + 10 * S, cpu: 40, network_out: 7, network_in: 9, user_num: 3 }),
  sample({ server: 'beta', seq: 1, ts: M + 70 * S, cpu: 60, network_out: 107, network_in: 59, user_num: 5 }),
];
/** One reading that stands for five minutes in which a card was held and did nothing. */
const WASTED = sample({ server: 'gamma', seq: 0, ts: M + 10 * S, interval_ms: 5 * MINUTE, cpu: 1, gpus: [card(0, 20, { utilization: 1, ...held('carol') })] });

describe('what was published', () => {
  beforeAll(async () => {
    await publish([...ALPHA.filter((each) => each !== LATE), ...BETA, WASTED]);
    await allStored();
    await publish([LATE]);
    // Without the header the broker takes it for a new message, as it does when its duplicate window has passed.
    await publish([BETA[0]!], { withId: false, duplicates: true });
    await waitFor(() => stack.app.store.status().duplicates === 1, 60_000, 'the second copy');
    await allStored();
  });

  it('is in the raw views as it was sent, with its increases', async () => {
    const rows = await stack.sql<{ boot_id: string; seq: number; up: number; down: number }>(
      "SELECT boot_id, toInt32(seq) AS seq, toInt32(network_up_bytes) AS up, toInt32(network_down_bytes) AS down FROM vacancy.server_samples WHERE server = 'alpha' ORDER BY ts",
    );
    expect(rows.map(({ boot_id, seq, up, down }) => [boot_id, seq, up, down])).toEqual([
      ['boot-of-the-first-day', 0, 0, 0],
      ['boot-of-the-first-day', 1, 600, 200],
      ['boot-of-the-first-day', 2, 400, 300],
      ['boot-of-the-first-day', 3, 1000, 500],
      ['boot-of-the-first-day', 4, 2000, 1000], // 3000 and 1500 until the late one came
      ['after-the-reboot', 0, 400, 100],
      ['after-the-reboot', 1, 500, 200],
    ]);
    expect(await one("SELECT count() AS n, toUnixTimestamp64Milli(min(ts)) AS first, max(cpu) AS cpu, max(user_num) AS users FROM vacancy.server_samples WHERE server = 'beta'"))
      .toEqual({ n: 2, first: BETA[0]!.ts, cpu: 60, users: 5 });
    const cards = await stack.sql<{ used: number; utilization: number | null; users: string[] }>(
      `SELECT memory_used / ${GIB} AS used, utilization, users FROM vacancy.gpu_samples WHERE server = 'alpha' AND gpu = 0 ORDER BY ts LIMIT 4`,
    );
    expect(cards).toEqual([
      { used: 2, utilization: 0, users: [] },
      { used: 12, utilization: 40, users: ['alice'] },
      { used: 20, utilization: null, users: ['alice', 'bob'] },
      { used: 16, utilization: 80, users: ['alice'] },
    ]);
  });

  // Local midnights of Asia/Shanghai, which is eight hours ahead all year.
  const EAST = 8 * HOUR;
  const local = new Date(M + EAST);
  const dayStart = Math.floor((M + EAST) / (24 * HOUR)) * 24 * HOUR - EAST;
  const [year, month] = [local.getUTCFullYear(), local.getUTCMonth()];
  const PERIODS = {
    hour: { start: Math.floor(M / HOUR) * HOUR, s: 3600 },
    day: { start: dayStart, s: 86_400 },
    week: { start: dayStart - ((local.getUTCDay() + 6) % 7) * 24 * HOUR, s: 7 * 86_400 },
    month: { start: Date.UTC(year, month) - EAST, s: (Date.UTC(year, month + 1) - Date.UTC(year, month)) / 1000 },
    year: { start: Date.UTC(year, 0) - EAST, s: (Date.UTC(year + 1, 0) - Date.UTC(year, 0)) / 1000 },
  };
  const start_ms = 'toUnixTimestamp(bucket) * 1000 AS start';
  const at = (start: number) => `toUnixTimestamp(bucket) * 1000 = ${start}`;
  const inAll = { memory_used_max: 16 * GIB, memory_total: 64 * GIB, hdd_total: 4e12 };

  it('is in servers_by_minute, the late sample and the reboot too', async () => {
    const first = await one(`SELECT * EXCEPT (server, bucket) FROM vacancy.servers_by_minute WHERE server = 'alpha' AND ${at(M)}`);
    expectFigures(first, {
      samples: 4, observed_s: 40, coverage: 40 / 60, cpu_mean: 30, cpu_median: 25, cpu_min: 10, cpu_max: 60,
      memory_used_avg: 10 * GIB, ...inAll, hdd_used_avg: 1.1e12, network_up_total: 2000, network_down_total: 1000, user_num_max: 4,
      // Card 0 has more than 8 GiB free in two of four readings and less than a tenth used in one; card 1 always.
      idle_rate_free8g: (2 / 4 + 1) / 2, idle_rate_used10pct: (1 / 4 + 1) / 2,
    }, 'first minute');
    const second = await one(`SELECT * EXCEPT (server, bucket) FROM vacancy.servers_by_minute WHERE server = 'alpha' AND ${at(M + MINUTE)}`);
    expectFigures(second, {
      samples: 3, observed_s: 30, coverage: 0.5, cpu_mean: 80, cpu_median: 90, cpu_min: 50, cpu_max: 100,
      memory_used_avg: 8 * GIB, memory_used_max: 8 * GIB, hdd_used_avg: 1e12, network_up_total: 2900, network_down_total: 1300, user_num_max: null,
      idle_rate_free8g: 0.5, idle_rate_used10pct: 0.5,
    }, 'second minute');
    const beta = await one(`SELECT * EXCEPT (server, bucket) FROM vacancy.servers_by_minute WHERE server = 'beta' AND ${at(M + MINUTE)}`);
    expectFigures(beta, { samples: 1, cpu_mean: 60, network_up_total: 100, network_down_total: 50, user_num_max: 5, idle_rate_free8g: null, idle_rate_used10pct: null }, 'beta');
  });

  it.each(Object.entries(PERIODS))('is in servers_by_%s, from the local start of it', async (period, { start, s }) => {
    const alpha = await one(`SELECT ${start_ms}, * EXCEPT (server, bucket) FROM vacancy.servers_by_${period} WHERE server = 'alpha'`);
    expectFigures(alpha, {
      start, samples: 7, observed_s: 70, coverage: 70 / s, cpu_mean: 360 / 7, cpu_median: 50, cpu_min: 10, cpu_max: 100,
      memory_used_avg: (64 / 7) * GIB, ...inAll, hdd_used_avg: 7.4e12 / 7, network_up_total: 4900, network_down_total: 2300, user_num_max: 4,
      idle_rate_free8g: (2 / 7 + 1) / 2, idle_rate_used10pct: (1 / 7 + 1) / 2,
    }, period);
    const beta = await one(`SELECT ${start_ms}, * EXCEPT (server, bucket) FROM vacancy.servers_by_${period} WHERE server = 'beta'`);
    expectFigures(beta, { start, samples: 2, cpu_mean: 50, cpu_median: 50, network_up_total: 100, network_down_total: 50, idle_rate_free8g: null }, period);
  });

  it.each(Object.entries({ minute: { start: M, s: 60 }, ...PERIODS }))('is in gpus_by_%s, card by card', async (period, { start, s }) => {
    const all = period !== 'minute';
    const figures = (gpu: number) => one(`SELECT * EXCEPT (server, gpu_type, bucket) FROM vacancy.gpus_by_${period} WHERE server = 'alpha' AND gpu = ${gpu} AND ${at(start)}`);
    const n = all ? 7 : 4;
    expectFigures(await figures(0), {
      samples: n, observed_s: 10 * n, utilization_mean: all ? (0 + 40 + 80 + 3 * 90) / 6 : 40, // one reading did not know it
      memory_used_avg: ((50 + (all ? 60 : 0)) / n) * GIB, memory_used_max: 20 * GIB, memory_total: 24 * GIB,
      idle_rate_free8g: 2 / n, idle_rate_used10pct: 1 / n, coverage: (10 * n) / s,
    }, `card 0 by ${period}`);
    expectFigures(await figures(1), { samples: n, utilization_mean: null, memory_used_avg: GIB, idle_rate_free8g: 1, idle_rate_used10pct: 1 }, `card 1 by ${period}`);
  });

  it.each(['hour', 'day', 'month'] as const)('is in users_by_%s: whole, fair and idle hours', async (period) => {
    const users = await stack.sql<{ start: number; user: string; gpu_hours: number; gpu_hours_fair: number; idle_hours: number }>(
      `SELECT ${start_ms}, * EXCEPT bucket FROM vacancy.users_by_${period} ORDER BY user`,
    );
    const { start } = PERIODS[period];
    expect(users.map((row) => [row.user, Number(row.start)])).toEqual([['alice', start], ['bob', start], ['carol', start]]);
    const seconds = users.map((row) => [row.gpu_hours, row.gpu_hours_fair, row.idle_hours].map((hours) => Math.round(hours * 3600 * 1000) / 1000));
    expect(seconds).toEqual([[30, 25, 0], [40, 35, 0], [300, 300, 300]]);
  });

  it('is in the series, and where nothing is known there is null', async () => {
    const series = await stack.api<Series>(`/servers/alpha/series?fields=cpu,network_up,gpu.0.memory_used&from=${M - MINUTE}&to=${M + 2 * MINUTE}&step=${MINUTE}`);
    // Rates are over the time in which the counters grew: not the first sample's, and of the gap of half a minute all.
    expect(series).toEqual({
      ts: [M - MINUTE, M, M + MINUTE], cpu: [null, 30, 80], network_up: [null, expect.closeTo(2000 / 30, 6), 2900 / 50], 'gpu.0.memory_used': [null, 12.5 * GIB, 20 * GIB],
    });
  });

  it('corrects the archives when it comes late, and leaves live windows beyond their lateness alone', async () => {
    const { server } = await stack.api<ServerDetail>('/servers/alpha');
    expect(server.windows['15m']).toMatchObject({ cpu_median: 55, cpu_mean: 55, cpu_min: 10, cpu_max: 100, coverage: expect.closeTo(60 / 900, 9) as number });
    expect(server).toMatchObject({ last_ts: M + 90 * S, cpu: 100, network_up: 50, network_down: 20, hdd_rate: 25 });
  });
});

describe('what is read now', () => {
  const inventory: Inventory = {
    v: 1, server: 'live01', name: '实验室一号', address: '10.0.0.11', location: 'B-204', memory_limit: 64 * GIB, hdd_total: 4e12, cuda_version: '12.4', gpu_num: 2,
    gpus: [{ gpu_id: 0, gpu_type: 'TITAN Xp', gpu_memory_limit: 24 * GIB }, { gpu_id: 1, gpu_type: 'TITAN Xp', gpu_memory_limit: 24 * GIB }],
  };
  let seq = 0;
  const now = (cpu: number): Sample =>
    sample({ server: 'live01', seq: seq++, ts: Date.now(), interval_ms: 30 * S, cpu, user_num: 2, users: ['dora', 'erik'], gpus: [card(0, 1, { utilization: 3 }), card(1, 23, { utilization: 97, ...held('dora') })] });

  it('is on the socket: a snapshot, then deltas that make the row that GET /servers returns', async () => {
    await publish([now(20)]);
    await waitFor(async () => (await stack.api<{ servers: LiveRow[] }>('/servers')).servers.some(({ server }) => server === 'live01'), 30_000, 'the first sample');
    await using fleet = await follow(stack.url);
    expect(fleet.snapshots).toBe(1);
    for (const cpu of [30, 40, 50]) await publish([now(cpu), sample({ server: 'fresh01', seq: cpu, ts: Date.now(), interval_ms: 30 * S, cpu })]);
    await js.publish(inventorySubject('live01'), JSON.stringify(inventory));
    await waitFor(() => fleet.rows.get('live01')?.name === '实验室一号' && fleet.rows.get('fresh01')?.cpu === 50, 30_000, 'the deltas');
    // Windows move by themselves: look until both were asked between two moves.
    await expect.poll(async () => {
      const { servers } = await stack.api<{ servers: LiveRow[] }>('/servers');
      return [...fleet.rows.values()].sort((a, b) => (a.server < b.server ? -1 : 1)).map(same(servers)).filter((row) => row !== null);
    }, { timeout: 30_000 }).toEqual([]);
    expect(fleet.rows.get('live01')).toMatchObject({ address: '10.0.0.11', cpu: 50, gpus: [{ gpu_type: 'TITAN Xp' }, { users: ['dora'] }] });
    expect(fleet.deltas).toBeGreaterThan(0);
    // The overview comes at most once a second.
    await waitFor(async () => fleet.overview?.server_num === (await stack.api<Overview>('/overview')).server_num, 10_000, 'the overview');
  });

  it('answers in the API as the contract says', async () => {
    await publish([now(50)]);
    await waitFor(async () => (await stack.api<Overview>('/overview')).like_server[0]?.server === 'live01', 30_000, 'the recommendation');
    const { servers } = await stack.api<{ servers: LiveRow[] }>('/servers');
    expect(servers.map(({ server }) => server)).toEqual(['alpha', 'beta', 'fresh01', 'gamma', 'live01']);
    const overview = await stack.api<Overview>('/overview');
    expect(overview).toMatchObject({ server_num: 5, gpu_num: 5, warming_up: false, simulated_num: 0, window_s: 300 });
    expect(overview.like_server[0]).toMatchObject({ server: 'live01', name: '实验室一号', cuda_visible_devices: '0' });
    const detail = await stack.api<ServerDetail>('/servers/live01');
    expect(detail.inventory).toEqual(inventory);
    expect(detail.server).toMatchObject({
      online: true, cpu: 50, user_num: 2, like_index: 'free',
      gpus: [{ memory_free: 23 * GIB, idle: { free8g: true, used10pct: true } }, { memory_free: GIB, idle: { free8g: false, used10pct: false }, processes: [{ user: 'dora' }] }],
    });
    const { servers: fit, rejected } = await stack.api<{ servers: { server: string }[]; rejected: { server: string; reason: string }[] }>('/recommend?gpus=1&memory=8GiB');
    expect(fit).toMatchObject([{ server: 'live01', gpus: [{ id: 0, memory_free: 23 * GIB }], cuda_visible_devices: '0' }]);
    expect(rejected.map(({ server }) => server).sort()).toEqual(['alpha', 'beta', 'fresh01', 'gamma']);
    expect((await fetch(`${stack.url}/api/v1/servers/nobody`)).status).toBe(404);
    expect(await (await fetch(`${stack.url}/readyz`)).json()).toMatchObject({ ready: true, broker: { ready: true }, database: { ready: true }, windows: { ready: true } });
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    expect(metrics).toContain('vacancy_server_cpu_percent{server="live01"} 50\n');
    expect(metrics).toContain(`vacancy_gpu_memory_used_bytes{server="live01",gpu="1",gpu_type="TITAN Xp"} ${23 * GIB}\n`);
    expect(metrics).toContain('vacancy_samples_duplicate_total 1\n');
  });

  it('is offline after silence, with its last values and since when', async () => {
    await publish([sample({ server: 'brief', seq: 0, ts: Date.now(), interval_ms: 1 * S, cpu: 77 })]);
    const row = async () => (await stack.api<{ servers: LiveRow[] }>('/servers')).servers.find(({ server }) => server === 'brief');
    await waitFor(async () => (await row())?.online === false && (await row())!.offline_since !== null, 40_000, 'silence noticed');
    expect(await row()).toMatchObject({ online: false, cpu: 77 });
    expect((await row())!.offline_since).toBeGreaterThanOrEqual((await row())!.last_ts - MINUTE);
  });

  it('with a clock an hour ahead is stored at the time of its arrival and flagged', async () => {
    const before = Date.now();
    await publish([sample({ server: 'ahead', seq: 0, ts: before + HOUR, cpu: 33 })]);
    await allStored();
    const found = await one("SELECT skewed, toUnixTimestamp64Milli(ts) AS at, toUnixTimestamp64Milli(received_ts) AS received FROM vacancy.server_samples WHERE server = 'ahead'");
    expect(found).toMatchObject({ at: found['received'] });
    expect(await stack.sql("SELECT toUInt8(skewed) AS skewed FROM vacancy.server_samples WHERE server = 'ahead'")).toEqual([{ skewed: 1 }]);
    expect(found['at']).toBeGreaterThanOrEqual(before - SECOND);
    expect(found['at']).toBeLessThan(before + HOUR);
    expect((await stack.api<ServerDetail>('/servers/ahead')).server.clock_skewed).toBe(true);
  });
});

describe('what is malformed', () => {
  it('is set aside with its reason and counted, and the good ones behind it go on', async () => {
    const good = sample({ server: 'delta', seq: 0, ts: Date.now(), gpus: [card(0, 1)] });
    const bad: Record<string, string> = {
      too_large: JSON.stringify({ ...good, padding: 'x'.repeat(65 * 1024) }),
      not_json: '{"v":1,',
      invalid: JSON.stringify({ ...good, cpu: 100.5 }),
      wrong_server: JSON.stringify({ ...good, server: 'alpha' }),
      used_over_total: JSON.stringify({ ...good, memory_used: 70 * GIB }),
      duplicate_gpu: JSON.stringify({ ...good, gpus: [card(0, 1), card(0, 2)] }),
    };
    for (const message of Object.values(bad)) await js.publish(sampleSubject('delta'), message);
    await publish([good]);
    await allStored();
    const expected = Object.keys(bad).sort();
    const rows = await stack.sql<{ reason: string; subject: string; detail: string; payload: string }>('SELECT reason, subject, detail, payload FROM vacancy.rejected_samples ORDER BY reason');
    expect(rows.map(({ reason }) => reason)).toEqual(expected);
    expect(rows.every(({ subject, detail }) => subject === sampleSubject('delta') && detail !== '')).toBe(true);
    expect(rows.find(({ reason }) => reason === 'not_json')!.payload).toBe('{"v":1,');
    const metrics = await (await fetch(`${stack.url}/metrics`)).text();
    for (const reason of expected) expect(metrics).toContain(`vacancy_samples_rejected_total{reason="${reason}"} 1\n`);
    expect(await one("SELECT count() AS n FROM vacancy.server_samples WHERE server = 'delta'")).toEqual({ n: 1 });
    expect((await stack.api<ServerDetail>('/servers/delta')).server.gpus).toHaveLength(1);
  });
});

describe('ad hoc SQL', () => {
  it.each([
    "INSERT INTO vacancy.inventory (server, name) VALUES ('x', 'y')", 'DROP TABLE vacancy.samples', 'TRUNCATE TABLE vacancy.servers_minute', 'CREATE TABLE vacancy.mine (x Int8) ENGINE = Memory',
    'ALTER TABLE vacancy.samples DELETE WHERE 1',
  ])('without a password refuses %s', async (statement) => {
    const before = await stack.sql('SELECT count() AS n FROM vacancy.samples');
    const answer = await fetch(stack.clickhouseUrl, { method: 'POST', body: statement });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await stack.sql('SELECT count() AS n FROM vacancy.samples')).toEqual(before);
    expect(await stack.sql("SELECT count() AS n FROM vacancy.inventory WHERE server = 'x'")).toEqual([{ n: 0 }]);
  });
});

describe('what somebody should know', () => {
  it('is told on the socket and kept in the list: a server that stays silent, once, and its return', async () => {
    const told: Alert[] = [];
    const socket = io(stack.url, { path: '/socket.io', transports: ['websocket'] });
    socket.on('alert', (alert: Alert) => told.push(alert));
    const mine = (alerts: readonly Alert[]) => alerts.filter(({ server }) => server === 'watched').map(({ kind }) => kind);
    try {
      await waitFor(() => socket.connected, 20_000, 'the socket');
      await publish([sample({ server: 'watched', seq: 0, ts: Date.now(), interval_ms: 1 * S })]);
      await waitFor(() => mine(told).length > 0, 60_000, 'the alert');
      const listed = await stack.api<Alerts>('/alerts');
      expect(listed.standing.find(({ server }) => server === 'watched')).toMatchObject({ kind: 'server_offline', message: 'watched fell silent', data: { name: 'watched' } });
      await publish([sample({ server: 'watched', seq: 1, ts: Date.now(), interval_ms: 30 * S })]);
      await waitFor(() => mine(told).length > 1, 20_000, 'its return');
      expect(mine(told)).toEqual(['server_offline', 'server_online']);
      const after = await stack.api<Alerts>('/alerts');
      expect([mine(after.standing), mine(after.recent)]).toEqual([[], ['server_online', 'server_offline']]);
    } finally {
      socket.disconnect();
    }
  });
});

interface Follower extends AsyncDisposable {
  readonly rows: Map<string, FleetRow>;
  readonly snapshots: number;
  readonly deltas: number;
  readonly overview: Overview | null;
}

/** What a page does: takes the snapshot and applies every delta to it. */
async function follow(url: string): Promise<Follower> {
  const socket = io(url, { path: '/socket.io', transports: ['websocket'] });
  const rows = new Map<string, FleetRow>();
  const seen = { snapshots: 0, deltas: 0, overview: null as Overview | null };
  socket.on('snapshot', ({ topic, data }: Snapshot) => {
    if (topic !== 'fleet') return;
    seen.snapshots++;
    seen.overview = data.overview;
    rows.clear();
    for (const row of data.servers) rows.set(row.server, row);
  });
  socket.on('delta', ({ topic, data }: { topic: string; data: FleetDelta }) => {
    if (topic !== 'fleet') return;
    seen.deltas++;
    seen.overview = data.overview ?? seen.overview;
    for (const delta of data.servers ?? []) {
      const known = rows.get(delta.server);
      rows.set(delta.server, known ? applyRow(known, delta) : (delta as FleetRow));
    }
    for (const id of data.removed ?? []) rows.delete(id);
  });
  expect(await socket.timeout(20_000).emitWithAck('subscribe', { topic: 'fleet' })).toEqual({ ok: true });
  await waitFor(() => seen.snapshots > 0, 20_000, 'the snapshot');
  return {
    rows,
    get snapshots() {
      return seen.snapshots;
    },
    get deltas() {
      return seen.deltas;
    },
    get overview() {
      return seen.overview;
    },
    async [Symbol.asyncDispose]() {
      socket.disconnect();
    },
  };
}

/** `null` where a followed row is the one that the API returns, else both. */
const same = (servers: readonly LiveRow[]) => (row: FleetRow): { row: unknown; api: unknown } | null => {
  const found = servers.find(({ server }) => server === row.server);
  const api = found && { ...found, gpus: found.gpus.map(({ processes: _, ...rest }) => rest) };
  try {
    expect(row).toEqual(api);
    return null;
  } catch {
    return { row, api };
  }
};
