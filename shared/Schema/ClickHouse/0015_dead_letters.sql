-- Records that could not be used and that no dead-letter topic took, with their own bytes. headers: a JSON array of [name, base64 of
-- the value or null]. cause: why Kafka did not take the letter. A letter that was replayed or dropped is written once more, ended = 1.
CREATE TABLE IF NOT EXISTS dead_letters
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    sha256 String,
    put_aside_at DateTime64(6, 'UTC'),
    reason LowCardinality(String),
    field String,
    cause LowCardinality(String),
    record_timestamp Int64,
    has_key Bool,
    key String,
    has_value Bool,
    value String,
    headers String,
    ended UInt8
)
ENGINE = ReplacingMergeTree(ended)
ORDER BY (topic, partition, offset, sha256)
TTL toDateTime(put_aside_at) + INTERVAL 90 DAY DELETE WHERE ended = 1;
