-- A watermark is a logical message that the connector's heartbeat.action.query writes into PostgreSQL's log: PostgreSQL's clock at a
-- position of the log. Everything that was committed at least a second before "at" precedes the message in the log.
-- Kept for a day; only the newest one counts.
CREATE TABLE IF NOT EXISTS watermarks
(
    at DateTime64(6, 'UTC'),
    version UInt64,
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    recorded_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (version, at)
TTL toDateTime(recorded_at) + INTERVAL 1 DAY;

-- The newest watermark whose preceding changes are all visible, and the moment that it proves: its time less a second. The newest
-- in the log counts, not the latest time, so a clock that was set back cannot hold a moment that is no longer true.
CREATE TABLE IF NOT EXISTS visible_watermarks
(
    as_of DateTime64(6, 'UTC'),
    version UInt64,
    recorded_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY tuple();

-- Every change that PostgreSQL committed before this moment is visible. NULL until the first watermark is.
CREATE OR REPLACE VIEW data_as_of AS SELECT argMaxOrNull(as_of, version) AS data_as_of FROM visible_watermarks;
