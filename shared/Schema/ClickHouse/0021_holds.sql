-- A sign that changes are missing or wrong asks for a reconciliation. Until a run has found everything equal, data_as_of stays at holds_from:
-- what was committed before it is proven whatever the sign means. 1970: nothing is. NULL: the request holds nothing.
-- answered: 1 a run has answered, 2 a run has answered, found everything equal and ended the hold.
ALTER TABLE reconciliation_requests ADD COLUMN IF NOT EXISTS holds_from Nullable(DateTime64(6, 'UTC'));

-- The requests that hold data_as_of.
CREATE OR REPLACE VIEW holds AS
SELECT id, reason, asked_at, answered, run_id, holds_from
FROM reconciliation_requests FINAL
WHERE answered < 2 AND holds_from IS NOT NULL;

-- Every change that PostgreSQL committed before this moment is visible. NULL until the first watermark is, and while nothing is proven.
CREATE OR REPLACE VIEW data_as_of AS
WITH (SELECT minOrNull(holds_from) FROM holds) AS held
SELECT if(held < visible, nullIf(held, toDateTime64(0, 6, 'UTC')), visible) AS data_as_of
FROM (SELECT argMaxOrNull(as_of, version) AS visible FROM visible_watermarks);
