-- What the Reconciler found, run by run.

CREATE TABLE reconciliation_runs (
    run_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- 'schedule', 'start', 'command' …: who asked for it.
    trigger           text NOT NULL,
    started_at        timestamptz NOT NULL,
    finished_at       timestamptz,
    -- NULL while it runs.
    outcome           text CHECK (outcome IN ('equal', 'drift', 'failed')),
    -- pg_current_snapshot() of the cut, and the position of its fence in the WAL.
    snapshot          text,
    fence_lsn         pg_lsn,
    days              integer,
    rows_postgres     bigint,
    rows_clickhouse   bigint,
    rows_different    bigint,
    amount_difference numeric,
    detail            text
);

CREATE INDEX reconciliation_runs_latest ON reconciliation_runs (started_at DESC);

CREATE TABLE reconciliation_findings (
    finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id     bigint NOT NULL REFERENCES reconciliation_runs,
    -- 'day' for a day whose sums differ, else what is wrong with one bet.
    kind       text NOT NULL CHECK (kind IN ('day', 'missing', 'extra', 'mismatched', 'in-flight')),
    day        date,
    bet_id     bigint,
    columns    text[],
    postgres   jsonb,
    clickhouse jsonb
);

CREATE INDEX reconciliation_findings_by_run ON reconciliation_findings (run_id);
