-- Progress that can go back where it must: a topic that was made anew counts its offsets from 0 again, and what was recorded of
-- the former one says nothing about it. Each begins a generation, 0 the first, later ones the microsecond in which the sink noticed;
-- a higher generation wins over any offset, within one the higher offset wins, so a replica that woke up late changes nothing.
-- record_at: Kafka's timestamp of the record before next_offset, by which the former topic's progress is told from this one's.
CREATE OR REPLACE TABLE sink_progress
(
    topic LowCardinality(String),
    partition Int32,
    next_offset Int64,
    end_offset Int64,
    version UInt64,
    committed_at DateTime64(6, 'UTC'),
    recorded_at DateTime64(6, 'UTC'),
    record_at DateTime64(3, 'UTC'),
    generation UInt64,
    place UInt128 MATERIALIZED bitOr(bitShiftLeft(toUInt128(generation), 64), toUInt128(next_offset))
)
ENGINE = ReplacingMergeTree(place)
ORDER BY (topic, partition)
AS SELECT
    topic, partition, next_offset, end_offset, version, committed_at, recorded_at,
    toDateTime64(0, 3, 'UTC') AS record_at, toUInt64(0) AS generation
FROM sink_progress FINAL;

-- Orders to read a partition again from an offset; whoever owns the partition obeys, then writes the row anew with begun = 1.
-- begun_from: where it stood then.
CREATE TABLE IF NOT EXISTS rewinds
(
    id UUID,
    consumer_group LowCardinality(String),
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    forward Bool,
    ordered_at DateTime64(6, 'UTC'),
    begun UInt8,
    begun_at DateTime64(6, 'UTC'),
    begun_from Int64
)
ENGINE = ReplacingMergeTree(begun)
ORDER BY (consumer_group, topic, partition, id)
TTL toDateTime(ordered_at) + INTERVAL 90 DAY;

-- Rebuilds of bets_analytics_rows: how far each is, and when it was last heard of. Two do not run at a time.
CREATE TABLE IF NOT EXISTS rebuilds
(
    id String,
    started_at DateTime64(6, 'UTC'),
    heard_at DateTime64(6, 'UTC'),
    stage LowCardinality(String),
    bets_done UInt64,
    bets UInt64
)
ENGINE = ReplacingMergeTree(heard_at)
ORDER BY id
TTL toDateTime(started_at) + INTERVAL 365 DAY;
