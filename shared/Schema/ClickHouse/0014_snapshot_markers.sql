-- The first and the last read of each snapshot, as its records say. A last read stays open (settled = 0) until every partition of
-- the tables' topics has passed the position that it had then, the tables that the snapshot read are known, and the rows that it did
-- not find are deleted. A repeated record does not open it again.
CREATE TABLE IF NOT EXISTS snapshot_markers
(
    marker LowCardinality(String),
    version UInt64,
    transaction_id UInt32,
    committed_at DateTime64(6, 'UTC'),
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    settled UInt8
)
ENGINE = ReplacingMergeTree(settled)
ORDER BY (version, marker, topic);
