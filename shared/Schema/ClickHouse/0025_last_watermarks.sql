-- A watermark is compared with the one before it, also where none came for longer than watermarks are kept: while PostgreSQL was down for a
-- day and came back from a backup. The last ones of each partition, epoch and generation of the topic never expire. A watermark replaces the
-- one that has its slot, its offset modulo 256.
CREATE TABLE IF NOT EXISTS last_watermarks
(
    topic LowCardinality(String),
    partition Int32,
    epoch UInt8,
    generation UInt64,
    slot UInt8,
    offset Int64,
    at DateTime64(6, 'UTC'),
    version UInt64,
    id UUID,
    previous UUID,
    timeline UInt32,
    publication UUID,
    recorded_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (topic, partition, epoch, generation, slot)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Each watermark names the state of the publication, by a hash of its catalog rows. Nil where the message does not say it.
ALTER TABLE watermarks ADD COLUMN IF NOT EXISTS publication UUID;
