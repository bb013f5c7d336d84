-- What the sink asks the Reconciler for, such as a run after a snapshot in an epoch that has streamed changes. Asked again, a row
-- stays answered. run_id: the run in PostgreSQL's reconciliation_runs that began after it was asked and could compare.
CREATE TABLE IF NOT EXISTS reconciliation_requests
(
    id String,
    reason String,
    asked_at DateTime64(6, 'UTC') DEFAULT now64(6),
    answered UInt8,
    run_id Int64
)
ENGINE = ReplacingMergeTree(answered)
ORDER BY id;

-- How long rows of bets stay, as migrate --keep last set it, for those who have to know: rows placed longer ago may be gone.
-- 0 months: for ever.
CREATE TABLE IF NOT EXISTS row_retention
(
    of LowCardinality(String),
    months UInt32,
    set_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(set_at)
ORDER BY of;
