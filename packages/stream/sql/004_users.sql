-- GPU time of users, by quarter of an hour, hour and day. The quarters exist because local days in zones that are 30 or 45
-- minutes off begin inside an hour of UTC, and because a day can be recomputed from them after the samples are gone.
-- `samples` counts readings: a user's on a card, whatever the number of processes.

CREATE TABLE IF NOT EXISTS users_quarter
(
    user LowCardinality(String),
    server LowCardinality(String),
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    held_ms SimpleAggregateFunction(sum, UInt64),
    fair_ms SimpleAggregateFunction(sum, UInt64),
    idle_ms SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(bucket)
ORDER BY (user, server, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS users_hour
(
    user LowCardinality(String),
    server LowCardinality(String),
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    held_ms SimpleAggregateFunction(sum, UInt64),
    fair_ms SimpleAggregateFunction(sum, UInt64),
    idle_ms SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (user, server, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE TABLE IF NOT EXISTS users_day
(
    user LowCardinality(String),
    server LowCardinality(String),
    bucket DateTime({timezone}) CODEC(Delta(4), ZSTD(1)),
    samples SimpleAggregateFunction(sum, UInt64),
    held_ms SimpleAggregateFunction(sum, UInt64),
    fair_ms SimpleAggregateFunction(sum, UInt64),
    idle_ms SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(bucket)
ORDER BY (user, server, bucket)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, default_compression_codec = 'ZSTD(1)';

CREATE MATERIALIZED VIEW IF NOT EXISTS users_quarter_mv TO users_quarter AS
SELECT
    user,
    s.server AS server,
    toStartOfInterval(s.ts, INTERVAL 15 MINUTE, {timezone}) AS bucket,
    count() AS samples,
    sum(held) AS held_ms,
    sum(fair) AS fair_ms,
    sum(idle) AS idle_ms
FROM samples AS s
ARRAY JOIN
    `processes.user` AS user,
    `processes.held_ms` AS held,
    `processes.fair_ms` AS fair,
    `processes.idle_ms` AS idle
WHERE held > 0
GROUP BY user, server, bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS users_hour_mv TO users_hour AS
SELECT
    m.user AS user,
    m.server AS server,
    toStartOfHour(m.bucket, {timezone}) AS bucket,
    sum(m.samples) AS samples,
    sum(m.held_ms) AS held_ms,
    sum(m.fair_ms) AS fair_ms,
    sum(m.idle_ms) AS idle_ms
FROM users_quarter AS m
GROUP BY user, server, bucket;

CREATE MATERIALIZED VIEW IF NOT EXISTS users_day_mv TO users_day AS
SELECT
    m.user AS user,
    m.server AS server,
    toStartOfDay(m.bucket, {timezone}) AS bucket,
    sum(m.samples) AS samples,
    sum(m.held_ms) AS held_ms,
    sum(m.fair_ms) AS fair_ms,
    sum(m.idle_ms) AS idle_ms
FROM users_quarter AS m
GROUP BY user, server, bucket;
