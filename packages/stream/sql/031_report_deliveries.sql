-- The log of deliveries: a row when an attempt begins and a row when it has ended. `target` is the name it was given in the
-- settings, never an address with a secret in it.
--
-- The token `deliver:<period>:<start>:<revision>:<target>:<attempt>:<state>` lets one of several instances make an attempt.
CREATE TABLE IF NOT EXISTS report_deliveries
(
    period LowCardinality(String),
    start Date32,
    revision UInt32,
    target String,
    attempt UInt8,
    -- begun, sent, failed.
    state LowCardinality(String),
    ts DateTime64(3, 'UTC'),
    made_by String,
    detail String
)
ENGINE = MergeTree
PARTITION BY toYear(ts)
ORDER BY (ts, period, start)
SETTINGS non_replicated_deduplication_window = 10000;
