-- Each watermark names the one before it and PostgreSQL's timeline: see the table watermark_chain in PostgreSQL. Nil and 0 where the
-- message does not say them, as those of an older heartbeat.action.query.
ALTER TABLE watermarks
    ADD COLUMN IF NOT EXISTS id UUID,
    ADD COLUMN IF NOT EXISTS previous UUID,
    ADD COLUMN IF NOT EXISTS timeline UInt32;
