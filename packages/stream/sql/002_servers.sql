-- Servers by minute, hour and day: mergeable states, so that late samples correct every level they touch, in any order.
--
-- The minute is made from the samples, the hour and the day from the minute's rows: a day is a local day, and in a zone
-- that is 30 or 45 minutes off no hour in UTC ends with it, but every minute does. Sums, extremes and histograms merge
-- in any order, so the cascade is exact.
--
-- `*_ms` are sums weighted by observed milliseconds: divide by `observed_ms` (or the `*_known_ms` beside it).
-- The median is kept as a histogram in half percents (quantilesExactWeighted on a UInt8): at most 0.25 percentage points off
-- by construction, for any distribution. Its two levels are the lower and the upper middle value; the median is their mean.
-- (Sketches with a relative error return one of the two: of 0 % and 100 % they make 0 %, not 50 %.)
-- `gpu_*` are per card, so that a server's idle rate is the mean over its cards; they come from the cards' minutes.

CREATE TABLE IF NOT EXISTS servers_minute
(
    server LowCardinality(String),
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    observed_ms SimpleAggregateFunction(sum, UInt64),
    cpu_ms SimpleAggregateFunction(sum, Float64),
    cpu_min SimpleAggregateFunction(min, Float64),
    cpu_max SimpleAggregateFunction(max, Float64),
    cpu_median AggregateFunction(quantilesExactWeighted(0.5, 0.500000001), UInt8, UInt64),
    load1_ms SimpleAggregateFunction(sum, Float64),
    load1_known_ms SimpleAggregateFunction(sum, UInt64),
    memory_used_ms SimpleAggregateFunction(sum, Float64),
    memory_used_max SimpleAggregateFunction(max, UInt64),
    memory_total SimpleAggregateFunction(max, UInt64),
    swap_used_ms SimpleAggregateFunction(sum, Float64),
    swap_known_ms SimpleAggregateFunction(sum, UInt64),
    hdd_used_ms SimpleAggregateFunction(sum, Float64),
    hdd_total SimpleAggregateFunction(max, UInt64),
    network_up_total SimpleAggregateFunction(sum, Int64),
    network_down_total SimpleAggregateFunction(sum, Int64),
    user_num_max SimpleAggregateFunction(max, Nullable(UInt32)),
    gpu_samples SimpleAggregateFunction(sum, UInt64),
    gpu_observed_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)),
    gpu_free8g_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)),
    gpu_used10pct_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (server, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS servers_hour
(
    server LowCardinality(String),
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    observed_ms SimpleAggregateFunction(sum, UInt64),
    cpu_ms SimpleAggregateFunction(sum, Float64),
    cpu_min SimpleAggregateFunction(min, Float64),
    cpu_max SimpleAggregateFunction(max, Float64),
    cpu_median AggregateFunction(quantilesExactWeighted(0.5, 0.500000001), UInt8, UInt64),
    load1_ms SimpleAggregateFunction(sum, Float64),
    load1_known_ms SimpleAggregateFunction(sum, UInt64),
    memory_used_ms SimpleAggregateFunction(sum, Float64),
    memory_used_max SimpleAggregateFunction(max, UInt64),
    memory_total SimpleAggregateFunction(max, UInt64),
    swap_used_ms SimpleAggregateFunction(sum, Float64),
    swap_known_ms SimpleAggregateFunction(sum, UInt64),
    hdd_used_ms SimpleAggregateFunction(sum, Float64),
    hdd_total SimpleAggregateFunction(max, UInt64),
    network_up_total SimpleAggregateFunction(sum, Int64),
    network_down_total SimpleAggregateFunction(sum, Int64),
    user_num_max SimpleAggregateFunction(max, Nullable(UInt32)),
    gpu_samples SimpleAggregateFunction(sum, UInt64),
    gpu_observed_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)),
    gpu_free8g_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)),
    gpu_used10pct_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (server, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS servers_day
(
    server LowCardinality(String),
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    observed_ms SimpleAggregateFunction(sum, UInt64),
    cpu_ms SimpleAggregateFunction(sum, Float64),
    cpu_min SimpleAggregateFunction(min, Float64),
    cpu_max SimpleAggregateFunction(max, Float64),
    cpu_median AggregateFunction(quantilesExactWeighted(0.5, 0.500000001), UInt8, UInt64),
    load1_ms SimpleAggregateFunction(sum, Float64),
    load1_known_ms SimpleAggregateFunction(sum, UInt64),
    memory_used_ms SimpleAggregateFunction(sum, Float64),
    memory_used_max SimpleAggregateFunction(max, UInt64),
    memory_total SimpleAggregateFunction(max, UInt64),
    swap_used_ms SimpleAggregateFunction(sum, Float64),
    swap_known_ms SimpleAggregateFunction(sum, UInt64),
    hdd_used_ms SimpleAggregateFunction(sum, Float64),
    hdd_total SimpleAggregateFunction(max, UInt64),
    network_up_total SimpleAggregateFunction(sum, Int64),
    network_down_total SimpleAggregateFunction(sum, Int64),
    user_num_max SimpleAggregateFunction(max, Nullable(UInt32)),
    gpu_samples SimpleAggregateFunction(sum, UInt64),
    gpu_observed_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)),
    gpu_free8g_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64)),
    gpu_used10pct_ms SimpleAggregateFunction(sumMap, Map(UInt8, UInt64))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (server, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE MATERIALIZED VIEW IF NOT EXISTS servers_minute_mv TO servers_minute AS
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
    max(s.user_num) AS user_num_max
FROM samples AS s
GROUP BY server, bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS servers_hour_mv TO servers_hour AS
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
    max(m.user_num_max) AS user_num_max,
    sum(m.gpu_samples) AS gpu_samples,
    sumMap(m.gpu_observed_ms) AS gpu_observed_ms,
    sumMap(m.gpu_free8g_ms) AS gpu_free8g_ms,
    sumMap(m.gpu_used10pct_ms) AS gpu_used10pct_ms
FROM servers_minute AS m
GROUP BY server, bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS servers_day_mv TO servers_day AS
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
    max(m.user_num_max) AS user_num_max,
    sum(m.gpu_samples) AS gpu_samples,
    sumMap(m.gpu_observed_ms) AS gpu_observed_ms,
    sumMap(m.gpu_free8g_ms) AS gpu_free8g_ms,
    sumMap(m.gpu_used10pct_ms) AS gpu_used10pct_ms
FROM servers_minute AS m
GROUP BY server, bucket;

-- A sample that fills a gap books its own increase in its own minute, and takes the same amount back from the sample that
-- had ended the gap: totals stay exact, and so does every bucket.
CREATE TABLE IF NOT EXISTS network_corrections
(
    server LowCardinality(String),
    ts DateTime64(3, 'UTC'),
    boot_id LowCardinality(String),
    seq UInt64,
    received_ts SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    corrections SimpleAggregateFunction(sum, UInt64),
    network_down_bytes SimpleAggregateFunction(sum, Int64),
    network_up_bytes SimpleAggregateFunction(sum, Int64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (server, ts, boot_id, seq)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS network_corrections_mv TO network_corrections AS
SELECT
    s.server AS server,
    `corrections.ts` AS ts,
    `corrections.boot_id` AS boot_id,
    `corrections.seq` AS seq,
    max(s.received_ts) AS received_ts,
    count() AS corrections,
    sum(`corrections.network_down_bytes`) AS network_down_bytes,
    sum(`corrections.network_up_bytes`) AS network_up_bytes
FROM samples AS s
ARRAY JOIN `corrections.ts`, `corrections.boot_id`, `corrections.seq`, `corrections.network_down_bytes`, `corrections.network_up_bytes`
GROUP BY server, ts, boot_id, seq;

-- `inf` keeps a row without samples from lowering the minimum.
CREATE MATERIALIZED VIEW IF NOT EXISTS network_corrections_minute_mv TO servers_minute AS
SELECT
    c.server AS server,
    toStartOfMinute(c.ts, {timezone}) AS bucket,
    inf AS cpu_min,
    sum(c.network_up_bytes) AS network_up_total,
    sum(c.network_down_bytes) AS network_down_total
FROM network_corrections AS c
GROUP BY server, bucket;
