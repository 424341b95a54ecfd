-- The time over which the counters are known to have grown, beside how much they grew: a rate is the one over the other.
--
-- The increase of a silence lies whole where the silence ends, and so does its time. Divided by the observed time, of which
-- a silence has none, it would be a peak that nobody sent. Of a server's first sample, and of a counter that fell without a
-- reboot, nothing is known: 0. Rows from before this file take the observed time, by which their rates were made, and corrections
-- from before it take nothing from that.
ALTER TABLE samples
    ADD COLUMN IF NOT EXISTS network_down_known_ms Int64 DEFAULT interval_ms CODEC(T64, ZSTD(1)) AFTER network_up_bytes,
    ADD COLUMN IF NOT EXISTS network_up_known_ms Int64 DEFAULT interval_ms CODEC(T64, ZSTD(1)) AFTER network_down_known_ms,
    ADD COLUMN IF NOT EXISTS `corrections.network_down_known_ms` Array(Int64) DEFAULT arrayMap(at -> toInt64(0), `corrections.ts`) CODEC(ZSTD(1)) AFTER `corrections.network_up_bytes`,
    ADD COLUMN IF NOT EXISTS `corrections.network_up_known_ms` Array(Int64) DEFAULT arrayMap(at -> toInt64(0), `corrections.ts`) CODEC(ZSTD(1)) AFTER `corrections.network_down_known_ms`;

ALTER TABLE network_corrections
    ADD COLUMN IF NOT EXISTS network_down_known_ms SimpleAggregateFunction(sum, Int64),
    ADD COLUMN IF NOT EXISTS network_up_known_ms SimpleAggregateFunction(sum, Int64);

ALTER TABLE servers_minute
    ADD COLUMN IF NOT EXISTS network_up_known_ms SimpleAggregateFunction(sum, Int64) DEFAULT observed_ms AFTER network_down_total,
    ADD COLUMN IF NOT EXISTS network_down_known_ms SimpleAggregateFunction(sum, Int64) DEFAULT observed_ms AFTER network_up_known_ms;

ALTER TABLE servers_hour
    ADD COLUMN IF NOT EXISTS network_up_known_ms SimpleAggregateFunction(sum, Int64) DEFAULT observed_ms AFTER network_down_total,
    ADD COLUMN IF NOT EXISTS network_down_known_ms SimpleAggregateFunction(sum, Int64) DEFAULT observed_ms AFTER network_up_known_ms;

ALTER TABLE servers_day
    ADD COLUMN IF NOT EXISTS network_up_known_ms SimpleAggregateFunction(sum, Int64) DEFAULT observed_ms AFTER network_down_total,
    ADD COLUMN IF NOT EXISTS network_down_known_ms SimpleAggregateFunction(sum, Int64) DEFAULT observed_ms AFTER network_up_known_ms;

-- A view whose query was changed takes a batch that is sent again for a new one. So a batch that may not be stored whole is sent again before
-- migrations are applied, and compared with the archives afterwards.
ALTER TABLE network_corrections_mv MODIFY QUERY
SELECT
    s.server AS server,
    `corrections.ts` AS ts,
    `corrections.boot_id` AS boot_id,
    `corrections.seq` AS seq,
    max(s.received_ts) AS received_ts,
    count() AS corrections,
    sum(`corrections.network_down_bytes`) AS network_down_bytes,
    sum(`corrections.network_up_bytes`) AS network_up_bytes,
    sum(`corrections.network_down_known_ms`) AS network_down_known_ms,
    sum(`corrections.network_up_known_ms`) AS network_up_known_ms
FROM samples AS s
ARRAY JOIN
    `corrections.ts`, `corrections.boot_id`, `corrections.seq`, `corrections.network_down_bytes`, `corrections.network_up_bytes`,
    `corrections.network_down_known_ms`, `corrections.network_up_known_ms`
GROUP BY server, ts, boot_id, seq;

ALTER TABLE network_corrections_minute_mv MODIFY QUERY
SELECT
    c.server AS server,
    toStartOfMinute(c.ts, {timezone}) AS bucket,
    inf AS cpu_min,
    sum(c.network_up_bytes) AS network_up_total,
    sum(c.network_down_bytes) AS network_down_total,
    sum(c.network_up_known_ms) AS network_up_known_ms,
    sum(c.network_down_known_ms) AS network_down_known_ms
FROM network_corrections AS c
GROUP BY server, bucket;

ALTER TABLE servers_minute_mv MODIFY QUERY
SELECT
    s.server AS server,
    toStartOfMinute(s.ts, {timezone}) AS bucket,
    count() AS samples,
    sum(s.interval_ms) AS observed_ms,
    sum(toFloat64(s.cpu) * s.interval_ms) AS cpu_ms,
    min(toFloat64(s.cpu)) AS cpu_min,
    max(toFloat64(s.cpu)) AS cpu_max,
    quantilesExactWeightedState(0.5, 0.500000001)(toUInt8(round(s.cpu * 2)), toUInt64(1)) AS cpu_median,
    sum(toFloat64(ifNull(s.load1, 0)) * s.interval_ms) AS load1_ms,
    sumIf(s.interval_ms, isNotNull(s.load1)) AS load1_known_ms,
    sum(toFloat64(s.memory_used) * s.interval_ms) AS memory_used_ms,
    max(s.memory_used) AS memory_used_max,
    max(s.memory_total) AS memory_total,
    sum(toFloat64(ifNull(s.swap_used, 0)) * s.interval_ms) AS swap_used_ms,
    sumIf(s.interval_ms, isNotNull(s.swap_used)) AS swap_known_ms,
    sum(toFloat64(s.hdd_used) * s.interval_ms) AS hdd_used_ms,
    max(s.hdd_total) AS hdd_total,
    sum(s.network_up_bytes) AS network_up_total,
    sum(s.network_down_bytes) AS network_down_total,
    sum(s.network_up_known_ms) AS network_up_known_ms,
    sum(s.network_down_known_ms) AS network_down_known_ms,
    max(s.user_num) AS user_num_max
FROM samples AS s
GROUP BY server, bucket;

ALTER TABLE servers_hour_mv MODIFY QUERY
SELECT
    m.server AS server,
    toStartOfHour(m.bucket, {timezone}) AS bucket,
    sum(m.samples) AS samples,
    sum(m.observed_ms) AS observed_ms,
    sum(m.cpu_ms) AS cpu_ms,
    min(m.cpu_min) AS cpu_min,
    max(m.cpu_max) AS cpu_max,
    quantilesExactWeightedMergeState(0.5, 0.500000001)(m.cpu_median) AS cpu_median,
    sum(m.load1_ms) AS load1_ms,
    sum(m.load1_known_ms) AS load1_known_ms,
    sum(m.memory_used_ms) AS memory_used_ms,
    max(m.memory_used_max) AS memory_used_max,
    max(m.memory_total) AS memory_total,
    sum(m.swap_used_ms) AS swap_used_ms,
    sum(m.swap_known_ms) AS swap_known_ms,
    sum(m.hdd_used_ms) AS hdd_used_ms,
    max(m.hdd_total) AS hdd_total,
    sum(m.network_up_total) AS network_up_total,
    sum(m.network_down_total) AS network_down_total,
    sum(m.network_up_known_ms) AS network_up_known_ms,
    sum(m.network_down_known_ms) AS network_down_known_ms,
    max(m.user_num_max) AS user_num_max,
    sum(m.gpu_samples) AS gpu_samples,
    sumMap(m.gpu_observed_ms) AS gpu_observed_ms,
    sumMap(m.gpu_free8g_ms) AS gpu_free8g_ms,
    sumMap(m.gpu_used10pct_ms) AS gpu_used10pct_ms
FROM servers_minute AS m
GROUP BY server, bucket;

ALTER TABLE servers_day_mv MODIFY QUERY
SELECT
    m.server AS server,
    toStartOfDay(m.bucket, {timezone}) AS bucket,
    sum(m.samples) AS samples,
    sum(m.observed_ms) AS observed_ms,
    sum(m.cpu_ms) AS cpu_ms,
    min(m.cpu_min) AS cpu_min,
    max(m.cpu_max) AS cpu_max,
    quantilesExactWeightedMergeState(0.5, 0.500000001)(m.cpu_median) AS cpu_median,
    sum(m.load1_ms) AS load1_ms,
    sum(m.load1_known_ms) AS load1_known_ms,
    sum(m.memory_used_ms) AS memory_used_ms,
    max(m.memory_used_max) AS memory_used_max,
    max(m.memory_total) AS memory_total,
    sum(m.swap_used_ms) AS swap_used_ms,
    sum(m.swap_known_ms) AS swap_known_ms,
    sum(m.hdd_used_ms) AS hdd_used_ms,
    max(m.hdd_total) AS hdd_total,
    sum(m.network_up_total) AS network_up_total,
    sum(m.network_down_total) AS network_down_total,
    sum(m.network_up_known_ms) AS network_up_known_ms,
    sum(m.network_down_known_ms) AS network_down_known_ms,
    max(m.user_num_max) AS user_num_max,
    sum(m.gpu_samples) AS gpu_samples,
    sumMap(m.gpu_observed_ms) AS gpu_observed_ms,
    sumMap(m.gpu_free8g_ms) AS gpu_free8g_ms,
    sumMap(m.gpu_used10pct_ms) AS gpu_used10pct_ms
FROM servers_minute AS m
GROUP BY server, bucket;

CREATE OR REPLACE VIEW server_samples AS
SELECT
    s.server AS server,
    s.ts AS ts,
    s.boot_id AS boot_id,
    s.seq AS seq,
    s.received_ts AS received_ts,
    s.skewed AS skewed,
    s.interval_ms AS interval_ms,
    s.uptime_s AS uptime_s,
    toFloat64(s.cpu) AS cpu,
    toFloat64(s.load1) AS load1,
    toFloat64(s.load5) AS load5,
    toFloat64(s.load15) AS load15,
    s.memory_total AS memory_total,
    s.memory_used AS memory_used,
    s.swap_total AS swap_total,
    s.swap_used AS swap_used,
    s.hdd_total AS hdd_total,
    s.hdd_used AS hdd_used,
    s.network_in AS network_in,
    s.network_out AS network_out,
    s.network_up_bytes + c.network_up_bytes AS network_up_bytes,
    s.network_down_bytes + c.network_down_bytes AS network_down_bytes,
    s.network_up_known_ms + c.network_up_known_ms AS network_up_known_ms,
    s.network_down_known_ms + c.network_down_known_ms AS network_down_known_ms,
    s.user_num AS user_num,
    s.users AS users,
    length(s.`gpus.id`) AS gpu_num,
    s.extra AS extra
FROM samples AS s
LEFT JOIN
(
    SELECT
        server, boot_id, seq,
        sum(n.network_up_bytes) AS network_up_bytes,
        sum(n.network_down_bytes) AS network_down_bytes,
        sum(n.network_up_known_ms) AS network_up_known_ms,
        sum(n.network_down_known_ms) AS network_down_known_ms
    FROM network_corrections AS n
    GROUP BY server, boot_id, seq
) AS c ON c.server = s.server AND c.boot_id = s.boot_id AND c.seq = s.seq;
