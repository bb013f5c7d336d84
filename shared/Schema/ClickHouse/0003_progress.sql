-- How far each partition is visible here: every record below next_offset has had its effect. It never goes back by itself:
-- a repeated record or a replica that woke up late changes nothing. end_offset is the topic's end as the sink saw it then.
CREATE TABLE IF NOT EXISTS sink_progress
(
    topic LowCardinality(String),
    partition Int32,
    next_offset Int64,
    end_offset Int64,
    version UInt64,
    committed_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(next_offset)
ORDER BY (topic, partition);

-- Logical messages that came through, such as the fences by which a reconciliation asks how far the stream has come.
CREATE TABLE IF NOT EXISTS fences
(
    prefix LowCardinality(String),
    content String,
    version UInt64,
    transaction_id UInt32,
    committed_at DateTime64(6, 'UTC'),
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    recorded_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (prefix, content, version)
TTL toDateTime(recorded_at) + INTERVAL 30 DAY;
