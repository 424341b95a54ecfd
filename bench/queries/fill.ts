import type { Database } from '../../packages/stream/src/store/client.js';

export interface Fleet {
  readonly servers: number;
  readonly cards: number;
  readonly days: number;
  /** Unix seconds. */
  readonly end: number;
}

const HOUR_MS = 3_600_000;

/**
 * Hourly states of a fleet, as 360 samples an hour would leave them, put in where the minutes are: the materialized views make
 * hours and days of them as they do of real ones.
 */
export async function fill(db: Database, { servers, cards, days, end }: Fleet): Promise<void> {
  // In blocks, so that the views' states of one block fit into a query's memory.
  const blocks = (rows: string) => ({
    max_partitions_per_insert_block: '0', max_block_size: rows, max_insert_block_size: rows, min_insert_block_size_rows: rows,
    max_threads: 1, max_bytes_before_external_group_by: '200000000',
  });
  const server = (n: string) => `concat('gpu', leftPad(toString(1 + ${n}), 3, '0'))`;
  await db.command(
    `INSERT INTO gpus_minute (server, gpu, bucket, samples, observed_ms, utilization_ms, utilization_known_ms, memory_used_ms, memory_used_max, memory_total, free8g_ms, used10pct_ms, occupied_idle_ms)
     SELECT ${server(`intDiv(number, ${days * 24 * cards})`)}, number % ${cards}, toDateTime(${end} - 3600 * (1 + intDiv(number, ${cards}) % ${days * 24})), 360, ${HOUR_MS},
       (cityHash64(number) % 100) * ${HOUR_MS}., ${HOUR_MS}, 1e10 * ${HOUR_MS}, 2e10, 25757220864, cityHash64(number, 1) % ${HOUR_MS}, cityHash64(number, 2) % ${HOUR_MS}, 0
     FROM numbers(${servers * days * 24 * cards})`,
    undefined, blocks('131072'),
  );
  await db.command(
    `INSERT INTO servers_minute (server, bucket, samples, observed_ms, cpu_ms, cpu_min, cpu_max, cpu_median, memory_used_ms, memory_used_max, memory_total, hdd_used_ms, hdd_total, network_up_total, network_down_total, user_num_max)
     SELECT ${server(`intDiv(h, ${days * 24})`)} AS s, toDateTime(${end} - 3600 * (1 + h % ${days * 24})) AS b, 360, ${HOUR_MS}, avg(v) * ${HOUR_MS}, min(v), max(v),
       quantilesExactWeightedState(0.5, 0.500000001)(toUInt8(v * 2), toUInt64(12)), 1e11 * ${HOUR_MS}, 2e11, 270582939648, 5e12 * ${HOUR_MS}, 8315412000768, 1e9, 2e9, 3
     FROM (SELECT intDiv(number, 30) AS h, toFloat64(cityHash64(number) % 101) AS v FROM numbers(${servers * days * 24 * 30}))
     GROUP BY h`,
    undefined, blocks('16384'),
  );
  await db.command(
    `INSERT INTO users_quarter (user, server, bucket, samples, held_ms, fair_ms, idle_ms)
     SELECT concat('user', toString(number % 40)), ${server(`number % ${servers}`)}, toDateTime(${end} - 3600 * (1 + intDiv(number, ${servers}) % ${days * 24})), 360, ${HOUR_MS}, 1800000, 600000
     FROM numbers(${servers * days * 24})`,
    undefined, blocks('131072'),
  );
  const tables = ['servers_minute', 'servers_hour', 'servers_day', 'gpus_minute', 'gpus_hour', 'gpus_day', 'users_day'];
  for (const table of tables) await db.command(`OPTIMIZE TABLE ${table} FINAL`);
}
