-- Closed reports, each revision whole: what a reader forwarded can be read again, whatever became of the archives since.
--
-- The token `report:<period>:<start>:<revision>` makes one row of what several instances made at the same time: the first one's
-- stays, and each reads back whose it is. One row a mark: a report is up to a megabyte of JSON, and one is read at a time.
CREATE TABLE IF NOT EXISTS reports
(
    period LowCardinality(String),
    -- Local date of the first day, and of the day after the last.
    start Date32,
    end Date32,
    revision UInt32,
    timezone LowCardinality(String),
    formula UInt32,
    generated_at DateTime64(3, 'UTC'),
    coverage Float64,
    -- Fingerprint of the days of the archives that the report was made of: its own period's and the one's before.
    inputs String,
    -- Which instance of the service made it.
    made_by String,
    report String CODEC(ZSTD(3))
)
ENGINE = MergeTree
ORDER BY (period, start, revision)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1;

-- What was found of a report after it was made: its inputs had changed (`late`), or had changed without changing a figure.
-- The newest row of a revision counts.
CREATE TABLE IF NOT EXISTS report_marks
(
    period LowCardinality(String),
    start Date32,
    revision UInt32,
    ts DateTime64(3, 'UTC'),
    inputs String,
    late Bool
)
ENGINE = MergeTree
ORDER BY (period, start, revision, ts)
SETTINGS non_replicated_deduplication_window = 1000;
