-- The connector's heartbeat.action.query names in each watermark the one before it, from this row. A PostgreSQL that was restored from an
-- older state, or promoted while it lagged, has an older row, so its next watermark does not follow the last one that CdcSink has seen.
-- The table is not published. replicator changes the row; nobody adds another one or takes it away.
CREATE TABLE watermark_chain
(
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id uuid NOT NULL,
    previous uuid NOT NULL
);
INSERT INTO watermark_chain (id, previous) VALUES (gen_random_uuid(), gen_random_uuid());
GRANT SELECT, UPDATE (id, previous) ON watermark_chain TO replicator;
