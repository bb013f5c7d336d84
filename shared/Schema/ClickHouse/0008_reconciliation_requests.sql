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
