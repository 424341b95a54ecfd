-- Cards by minute, hour and day; the same rules as for servers. `samples` counts a card's readings.

CREATE TABLE IF NOT EXISTS gpus_minute
(
    server LowCardinality(String),
    gpu UInt8,
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    observed_ms SimpleAggregateFunction(sum, UInt64),
    utilization_ms SimpleAggregateFunction(sum, Float64),
    utilization_known_ms SimpleAggregateFunction(sum, UInt64),
    temperature_max SimpleAggregateFunction(max, Nullable(Float32)),
    power_ms SimpleAggregateFunction(sum, Float64),
    power_known_ms SimpleAggregateFunction(sum, UInt64),
    memory_used_ms SimpleAggregateFunction(sum, Float64),
    memory_used_max SimpleAggregateFunction(max, UInt64),
    memory_total SimpleAggregateFunction(max, UInt64),
    free8g_ms SimpleAggregateFunction(sum, UInt64),
    used10pct_ms SimpleAggregateFunction(sum, UInt64),
    occupied_idle_ms SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (server, gpu, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS gpus_hour
(
    server LowCardinality(String),
    gpu UInt8,
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    observed_ms SimpleAggregateFunction(sum, UInt64),
    utilization_ms SimpleAggregateFunction(sum, Float64),
    utilization_known_ms SimpleAggregateFunction(sum, UInt64),
    temperature_max SimpleAggregateFunction(max, Nullable(Float32)),
    power_ms SimpleAggregateFunction(sum, Float64),
    power_known_ms SimpleAggregateFunction(sum, UInt64),
    memory_used_ms SimpleAggregateFunction(sum, Float64),
    memory_used_max SimpleAggregateFunction(max, UInt64),
    memory_total SimpleAggregateFunction(max, UInt64),
    free8g_ms SimpleAggregateFunction(sum, UInt64),
    used10pct_ms SimpleAggregateFunction(sum, UInt64),
    occupied_idle_ms SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (server, gpu, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS gpus_day
(
    server LowCardinality(String),
    gpu UInt8,
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    observed_ms SimpleAggregateFunction(sum, UInt64),
    utilization_ms SimpleAggregateFunction(sum, Float64),
    utilization_known_ms SimpleAggregateFunction(sum, UInt64),
    temperature_max SimpleAggregateFunction(max, Nullable(Float32)),
    power_ms SimpleAggregateFunction(sum, Float64),
    power_known_ms SimpleAggregateFunction(sum, UInt64),
    memory_used_ms SimpleAggregateFunction(sum, Float64),
    memory_used_max SimpleAggregateFunction(max, UInt64),
    memory_total SimpleAggregateFunction(max, UInt64),
    free8g_ms SimpleAggregateFunction(sum, UInt64),
    used10pct_ms SimpleAggregateFunction(sum, UInt64),
    occupied_idle_ms SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (server, gpu, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE MATERIALIZED VIEW IF NOT EXISTS gpus_minute_mv TO gpus_minute AS
SELECT
    s.server AS server,
    id AS gpu,
    toStartOfMinute(s.ts, {timezone}) AS bucket,
    count() AS samples,
    sum(s.interval_ms) AS observed_ms,
    sum(toFloat64(ifNull(utilization, 0)) * s.interval_ms) AS utilization_ms,
    sumIf(s.interval_ms, isNotNull(utilization)) AS utilization_known_ms,
    max(temperature) AS temperature_max,
    sum(toFloat64(ifNull(power, 0)) * s.interval_ms) AS power_ms,
    sumIf(s.interval_ms, isNotNull(power)) AS power_known_ms,
    sum(toFloat64(used) * s.interval_ms) AS memory_used_ms,
    max(used) AS memory_used_max,
    max(total) AS memory_total,
    sumIf(s.interval_ms, free8g) AS free8g_ms,
    sumIf(s.interval_ms, used10pct) AS used10pct_ms,
    sumIf(s.interval_ms, occupied_idle) AS occupied_idle_ms
FROM samples AS s
ARRAY JOIN
    `gpus.id` AS id,
    `gpus.memory_total` AS total,
    `gpus.memory_used` AS used,
    `gpus.utilization` AS utilization,
    `gpus.temperature` AS temperature,
    `gpus.power` AS power,
    `gpus.free8g` AS free8g,
    `gpus.used10pct` AS used10pct,
    `gpus.occupied_idle` AS occupied_idle
GROUP BY server, gpu, bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS gpus_hour_mv TO gpus_hour AS
SELECT
    m.server AS server,
    m.gpu AS gpu,
    toStartOfHour(m.bucket, {timezone}) AS bucket,
    sum(m.samples) AS samples,
    sum(m.observed_ms) AS observed_ms,
    sum(m.utilization_ms) AS utilization_ms,
    sum(m.utilization_known_ms) AS utilization_known_ms,
    max(m.temperature_max) AS temperature_max,
    sum(m.power_ms) AS power_ms,
    sum(m.power_known_ms) AS power_known_ms,
    sum(m.memory_used_ms) AS memory_used_ms,
    max(m.memory_used_max) AS memory_used_max,
    max(m.memory_total) AS memory_total,
    sum(m.free8g_ms) AS free8g_ms,
    sum(m.used10pct_ms) AS used10pct_ms,
    sum(m.occupied_idle_ms) AS occupied_idle_ms
FROM gpus_minute AS m
GROUP BY server, gpu, bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS gpus_day_mv TO gpus_day AS
SELECT
    m.server AS server,
    m.gpu AS gpu,
    toStartOfDay(m.bucket, {timezone}) AS bucket,
    sum(m.samples) AS samples,
    sum(m.observed_ms) AS observed_ms,
    sum(m.utilization_ms) AS utilization_ms,
    sum(m.utilization_known_ms) AS utilization_known_ms,
    max(m.temperature_max) AS temperature_max,
    sum(m.power_ms) AS power_ms,
    sum(m.power_known_ms) AS power_known_ms,
    sum(m.memory_used_ms) AS memory_used_ms,
    max(m.memory_used_max) AS memory_used_max,
    max(m.memory_total) AS memory_total,
    sum(m.free8g_ms) AS free8g_ms,
    sum(m.used10pct_ms) AS used10pct_ms,
    sum(m.occupied_idle_ms) AS occupied_idle_ms
FROM gpus_minute AS m
GROUP BY server, gpu, bucket;

-- The cards' share in their server's minute. From the cards' minutes, not from the samples: sumMap is slow, and here it sees
-- one row per card and minute instead of one per card and sample. `inf` keeps these rows from lowering the minimum.
CREATE MATERIALIZED VIEW IF NOT EXISTS gpus_servers_minute_mv TO servers_minute AS
SELECT
    g.server AS server,
    g.bucket AS bucket,
    inf AS cpu_min,
    sum(g.samples) AS gpu_samples,
    sumMap(map(g.gpu, g.observed_ms)) AS gpu_observed_ms,
    sumMap(map(g.gpu, g.free8g_ms)) AS gpu_free8g_ms,
    sumMap(map(g.gpu, g.used10pct_ms)) AS gpu_used10pct_ms
FROM gpus_minute AS g
GROUP BY server, bucket;
