-- What was recommended, what was true when it was, and what had become of it ten minutes later.
--
-- Both tables take batches under a token, and a retried batch is dropped by the window. The engine replaces rows of one id
-- on top of that, so that an outcome that was written by two runs of the service (a kill between the insert and its
-- answer) is still one outcome; readers use FINAL.

CREATE TABLE IF NOT EXISTS recommendations
(
    id UUID,
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    -- Who asked, as far as they said; '' is nobody in particular.
    asked_by String CODEC(ZSTD(1)),
    gpus UInt8,
    memory UInt64 CODEC(ZSTD(1)),
    ordering LowCardinality(String),
    model String CODEC(ZSTD(1)),
    location String CODEC(ZSTD(1)),
    excluded Array(String) CODEC(ZSTD(1)),
    cpu_free Nullable(Float32) CODEC(ZSTD(1)),
    memory_free Nullable(UInt64) CODEC(ZSTD(1)),
    -- The answer: all servers in their order, and the first one's cards as they were. '' is: nothing fitted.
    answered Array(String) CODEC(ZSTD(1)),
    rejected UInt32,
    server String CODEC(ZSTD(1)),
    `cards.id` Array(UInt8) CODEC(ZSTD(1)),
    `cards.memory_total` Array(UInt64) CODEC(ZSTD(1)),
    `cards.memory_free` Array(UInt64) CODEC(ZSTD(1)),
    `cards.utilization_median` Array(Nullable(Float32)) CODEC(ZSTD(1)),
    `cards.users` Array(Array(String)) CODEC(ZSTD(1)),
    -- What each card must still have free for the advice to have been good, bytes.
    `cards.promised` Array(UInt64) CODEC(ZSTD(1)),
    cpu_median Nullable(Float32) CODEC(ZSTD(1)),
    last_ts Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    steadiness Nullable(Float32) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (toStartOfHour(ts), id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS recommendation_outcomes
(
    id UUID,
    -- When it was asked and when it was judged.
    asked_ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    -- still_free, taken_by_asker, taken_by_other, gone (server or card not there), unknown (nobody watched at that moment).
    outcome LowCardinality(String),
    ordering LowCardinality(String),
    server String CODEC(ZSTD(1)),
    `cards.id` Array(UInt8) CODEC(ZSTD(1)),
    `cards.memory_free` Array(UInt64) CODEC(ZSTD(1)),
    `cards.users` Array(Array(String)) CODEC(ZSTD(1)),
    steadiness Nullable(Float32) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(asked_ts)
ORDER BY (toStartOfHour(asked_ts), id)
SETTINGS non_replicated_deduplication_window = 1000;

-- `hit_rate`: of the recommendations whose end is known, the share whose cards were still free or had gone to the asker.
CREATE VIEW IF NOT EXISTS recommendation_hits_by_hour AS
SELECT
    toStartOfHour(asked_ts, {timezone}) AS bucket,
    count() AS asked,
    countIf(outcome = 'still_free') AS still_free,
    countIf(outcome = 'taken_by_asker') AS taken_by_asker,
    countIf(outcome = 'taken_by_other') AS taken_by_other,
    countIf(outcome = 'gone') AS gone,
    countIf(outcome = 'unknown') AS unknown,
    if(asked = unknown, NULL, (still_free + taken_by_asker) / (asked - unknown)) AS hit_rate
FROM recommendation_outcomes FINAL
GROUP BY bucket;
