import type { Database } from '../../packages/stream/src/store/client.js';

export interface Fleet {
  readonly servers: number;
  readonly cards: number;
  readonly users: number;
}

// Straight into the archives' hours and days, as the views would have made them of samples every ten seconds: 360 readings an
// hour. Loading the raw samples themselves (105 million of them) would take a day and measure something else.
const servers = `
INSERT INTO servers_hour (server, bucket, samples, observed_ms, cpu_ms, cpu_min, cpu_max, cpu_median, memory_used_ms, memory_used_max, memory_total,
    hdd_used_ms, hdd_total, network_up_total, network_down_total, user_num_max, gpu_samples, gpu_observed_ms, gpu_free8g_ms, gpu_used10pct_ms)
WITH
    number % {servers: UInt32} AS host,
    intDiv(number, {servers: UInt32}) AS hour,
    45 + 35 * sin(host * 1.7 + hour / 24 * 6.2832) AS level,
    arrayMap(i -> toUInt8(least(200, greatest(0, 2 * level + (cityHash64(host, hour, i) % 60) - 30))), range(72)) AS readings
SELECT
    concat('gpu', leftPad(toString(host + 1), 3, '0')),
    toDateTime({from: UInt32}) + hour * 3600,
    360, 3600000,
    arrayAvg(readings) / 2 * 3600000, arrayMin(readings) / 2, arrayMax(readings) / 2,
    arrayReduce('quantilesExactWeightedState(0.5, 0.500000001)', readings, arrayMap(i -> toUInt64(5), readings)),
    (60 + 40 * sin(hour / 11 + host)) * 1073741824 * 3600000, 110 * 1073741824, 256 * 1073741824,
    (4e12 + host * 1e10 + hour * (host % 7) * 2e8) * 3600000, 8e12,
    cityHash64(host, hour) % 40000000000, cityHash64(hour, host) % 90000000000, host % 5, 360 * {cards: UInt8},
    CAST((range({cards: UInt8}), arrayMap(i -> 3600000, range({cards: UInt8}))), 'Map(UInt8, UInt64)'),
    CAST((range({cards: UInt8}), arrayMap(i -> cityHash64(host, intDiv(hour, 6), i) % 3600001, range({cards: UInt8}))), 'Map(UInt8, UInt64)'),
    CAST((range({cards: UInt8}), arrayMap(i -> cityHash64(host, intDiv(hour, 6), i) % 1800001, range({cards: UInt8}))), 'Map(UInt8, UInt64)')
FROM numbers({first: UInt64}, {count: UInt64})`;

const serversDay = `
INSERT INTO servers_day
SELECT
    m.server, toStartOfDay(m.bucket), sum(m.samples), sum(m.observed_ms), sum(m.cpu_ms), min(m.cpu_min), max(m.cpu_max), quantilesExactWeightedMergeState(0.5, 0.500000001)(m.cpu_median),
    sum(m.load1_ms), sum(m.load1_known_ms), sum(m.memory_used_ms), max(m.memory_used_max), max(m.memory_total), sum(m.swap_used_ms), sum(m.swap_known_ms), sum(m.hdd_used_ms), max(m.hdd_total),
    sum(m.network_up_total), sum(m.network_down_total), max(m.user_num_max), sum(m.gpu_samples), sumMap(m.gpu_observed_ms), sumMap(m.gpu_free8g_ms), sumMap(m.gpu_used10pct_ms)
FROM servers_hour AS m GROUP BY m.server, toStartOfDay(m.bucket)`;

const cardsDay = `
INSERT INTO gpus_day (server, gpu, bucket, samples, observed_ms, utilization_ms, utilization_known_ms, memory_used_ms, memory_used_max, memory_total, free8g_ms, used10pct_ms, occupied_idle_ms)
SELECT d.server, gpu, d.bucket, d.samples, observed, (cityHash64(d.server, d.bucket, gpu) % 100) * observed, observed,
    (d.gpu_free8g_ms[gpu] % 20) * 1073741824. * observed, 22 * 1073741824, 24 * 1073741824, d.gpu_free8g_ms[gpu], d.gpu_used10pct_ms[gpu], intDiv(d.gpu_used10pct_ms[gpu], 3)
FROM servers_day AS d ARRAY JOIN mapKeys(d.gpu_observed_ms) AS gpu, mapValues(d.gpu_observed_ms) AS observed`;

const usersDay = `
INSERT INTO users_day (user, server, bucket, samples, held_ms, fair_ms, idle_ms)
SELECT concat('user', toString(cityHash64(d.server, i) % {users: UInt32})), d.server, d.bucket, 8640, 50000000 + cityHash64(d.bucket, i) % 30000000, 40000000, 5000000
FROM servers_day AS d ARRAY JOIN range(4) AS i`;

const inventory = `
INSERT INTO inventory (server, ts, name, simulated, gpu_num, \`gpus.gpu_id\`, \`gpus.gpu_type\`, \`gpus.gpu_memory_limit\`, \`gpus.uuid\`)
SELECT concat('gpu', leftPad(toString(number + 1), 3, '0')), toDateTime({from: UInt32}), concat('实验室 ', toString(number + 1)), true, {cards: UInt8},
    range({cards: UInt8}), arrayMap(i -> 'NVIDIA RTX A5000', range({cards: UInt8})), arrayMap(i -> 24 * 1073741824, range({cards: UInt8})), arrayMap(i -> '', range({cards: UInt8}))
FROM numbers({servers: UInt64})`;

const PIECE = 30_000;
const SETTINGS = { max_partitions_per_insert_block: '0', max_threads: 1, max_block_size: '4096' } as const;

/** Fills the archives with whole hours from `from` to `to`, Unix ms. */
export async function fillArchives(db: Database, fleet: Fleet, from: number, to: number): Promise<void> {
  const params = { ...fleet, from: from / 1000 };
  const rows = fleet.servers * ((to - from) / 3_600_000);
  // In pieces: all at once does not fit the engine's memory.
  for (let first = 0; first < rows; first += PIECE) await db.command(servers, { ...params, first, count: Math.min(PIECE, rows - first) }, SETTINGS);
  for (const sql of [serversDay, cardsDay, usersDay, inventory]) await db.command(sql, params, SETTINGS);
}
