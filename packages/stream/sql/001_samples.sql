-- One row per sample, its cards and their processes as arrays.
--
-- A batch of samples is one insert, one block and one deduplication token, so a server's figures and its cards' figures
-- are stored together or not at all. Two tables (servers and cards) would need two tokens and could be torn apart by a crash
-- between them.
--
-- `non_replicated_deduplication_window` must be on every table of the chain: without it a retry is dropped by the
-- landing table and counted twice by every archive behind it.
--
-- Partitions follow the day of arrival, not of the event: a batch then touches one or two of them however late or odd
-- its samples are, and whole parts fall out when they are old.
--
-- Codecs are by measurement (bytes a sample of 8 cards, bench/ingest): two decimals as whole hundredths let integer codecs
-- work where Float32 does not (power 12.2 instead of 17.7, load1 0.6 instead of 2.1, cpu 1.3 instead of 1.9); a card's
-- memory repeats for hours, so plain ZSTD finds it (0.5) where T64 scatters it (3.5).
CREATE TABLE IF NOT EXISTS samples
(
    server LowCardinality(String) CODEC(ZSTD(1)),
    ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    boot_id LowCardinality(String) CODEC(ZSTD(1)),
    seq UInt64 CODEC(Delta(8), ZSTD(1)),
    -- Which cut of which stream brought the row: the stream's identity and the last stream position of the batch.
    stream LowCardinality(String) CODEC(ZSTD(1)),
    batch UInt64 CODEC(Delta(8), ZSTD(1)),
    received_ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    skewed Bool CODEC(ZSTD(1)),
    interval_ms UInt32 CODEC(ZSTD(1)),
    uptime_s Float64 CODEC(Delta(8), ZSTD(1)),
    cpu Decimal(9, 2) CODEC(Delta(4), T64('bit'), ZSTD(1)),
    load1 Nullable(Decimal(9, 2)) CODEC(Delta(4), T64('bit'), ZSTD(1)),
    load5 Nullable(Decimal(9, 2)) CODEC(Delta(4), T64('bit'), ZSTD(1)),
    load15 Nullable(Decimal(9, 2)) CODEC(Delta(4), T64('bit'), ZSTD(1)),
    memory_total UInt64 CODEC(T64, ZSTD(1)),
    memory_used UInt64 CODEC(GCD, Delta(8), ZSTD(1)),
    swap_total Nullable(UInt64) CODEC(T64, ZSTD(1)),
    swap_used Nullable(UInt64) CODEC(T64('bit'), ZSTD(1)),
    hdd_total UInt64 CODEC(T64, ZSTD(1)),
    hdd_used UInt64 CODEC(GCD, Delta(8), ZSTD(1)),
    -- Counters since boot, and their exact increase since the sample before (see store/ledger.ts).
    network_in UInt64 CODEC(Delta(8), T64('bit'), ZSTD(1)),
    network_out UInt64 CODEC(Delta(8), T64('bit'), ZSTD(1)),
    network_down_bytes Int64 CODEC(T64, ZSTD(1)),
    network_up_bytes Int64 CODEC(T64, ZSTD(1)),
    user_num Nullable(UInt32) CODEC(ZSTD(1)),
    users Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `gpus.id` Array(UInt8) CODEC(ZSTD(1)),
    `gpus.memory_total` Array(UInt64) CODEC(T64, ZSTD(1)),
    `gpus.memory_used` Array(UInt64) CODEC(ZSTD(1)),
    `gpus.utilization` Array(Nullable(Float32)) CODEC(ZSTD(1)),
    `gpus.temperature` Array(Nullable(Float32)) CODEC(ZSTD(1)),
    `gpus.power` Array(Nullable(Decimal(9, 2))) CODEC(T64, ZSTD(1)),
    -- Idle by either definition and occupied but idle, by the thresholds in force when the sample was stored (table `archive_settings`).
    `gpus.free8g` Array(Bool) CODEC(ZSTD(1)),
    `gpus.used10pct` Array(Bool) CODEC(ZSTD(1)),
    `gpus.occupied_idle` Array(Bool) CODEC(ZSTD(1)),
    `processes.gpu` Array(UInt8) CODEC(ZSTD(1)),
    `processes.pid` Array(UInt64) CODEC(ZSTD(1)),
    `processes.user` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `processes.command` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `processes.memory_used` Array(Nullable(UInt64)) CODEC(T64('bit'), ZSTD(1)),
    -- The user's part of the sample's interval, whole milliseconds on the first process of a user on a card, 0 on the
    -- others: integers, so that the fair parts of a card never add up to more than its time.
    `processes.held_ms` Array(UInt32) CODEC(ZSTD(1)),
    `processes.fair_ms` Array(UInt32) CODEC(ZSTD(1)),
    `processes.idle_ms` Array(UInt32) CODEC(ZSTD(1)),
    -- What a sample that arrived late takes back from the sample that had ended its gap.
    `corrections.ts` Array(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    `corrections.boot_id` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `corrections.seq` Array(UInt64) CODEC(ZSTD(1)),
    `corrections.network_down_bytes` Array(Int64) CODEC(ZSTD(1)),
    `corrections.network_up_bytes` Array(Int64) CODEC(ZSTD(1)),
    -- The optional rest of the message as JSON: cpu_cores_used, filesystems, interfaces, temperatures, processes, health.
    extra String CODEC(ZSTD(1)),
    INDEX ts_range ts TYPE minmax GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_ts)
ORDER BY (server, ts)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1, index_granularity = 8192;

-- Messages that were set aside, for inspection. 4 KB of a payload are kept: enough to see what is wrong with it.
CREATE TABLE IF NOT EXISTS rejected_samples
(
    received_ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    subject String CODEC(ZSTD(1)),
    reason LowCardinality(String),
    detail String CODEC(ZSTD(1)),
    payload String CODEC(ZSTD(3)),
    stream LowCardinality(String),
    stream_seq UInt64 CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_ts)
ORDER BY (reason, received_ts)
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1;

-- What each server last said of itself; the row with the latest ts counts (views read FINAL).
CREATE TABLE IF NOT EXISTS inventory
(
    server LowCardinality(String),
    ts DateTime64(3, 'UTC'),
    name String,
    address String,
    location String,
    os String,
    kernel String,
    cpu_model String,
    cpu_cores Nullable(UInt32),
    memory_limit UInt64,
    hdd_total UInt64,
    cuda_version String,
    driver_version String,
    agent_version String,
    simulated Bool,
    gpu_num UInt16,
    `gpus.gpu_id` Array(UInt8),
    `gpus.gpu_type` Array(String),
    `gpus.gpu_memory_limit` Array(UInt64),
    `gpus.uuid` Array(String)
)
ENGINE = ReplacingMergeTree(ts)
ORDER BY server;

CREATE VIEW IF NOT EXISTS gpu_types AS
SELECT server, gpu, gpu_type
FROM inventory FINAL
ARRAY JOIN `gpus.gpu_id` AS gpu, `gpus.gpu_type` AS gpu_type;
