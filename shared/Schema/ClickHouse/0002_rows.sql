-- The denormalised bets as the sink writes them: several versions of a row, and markers where a bet's sorting key moved.
-- version: bet_version << 64 | (user_version + event_version). People query the view bets_analytics instead.
-- A sorting key never leaves its month, so rows and the markers that outrank them always meet in one partition.

CREATE TABLE IF NOT EXISTS bets_analytics_rows
(
    bet_id Int64,
    bet_status LowCardinality(String),
    bet_amount Decimal(18, 2),
    payout Nullable(Decimal(18, 2)),
    placed_at DateTime64(6, 'UTC'),
    settled_at Nullable(DateTime64(6, 'UTC')),
    user_id Int64,
    user_name String,
    user_created_at Nullable(DateTime64(6, 'UTC')),
    event_id Int64,
    event_name String,
    event_category LowCardinality(String),
    event_start_time Nullable(DateTime64(6, 'UTC')),
    event_status LowCardinality(String),
    bet_version UInt64,
    user_version UInt64,
    event_version UInt64,
    version UInt128,
    is_deleted UInt8
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(placed_at)
ORDER BY (placed_at, user_id, event_id, bet_id)
SETTINGS min_age_to_force_merge_seconds = 600, min_age_to_force_merge_on_partition_only = 1;
