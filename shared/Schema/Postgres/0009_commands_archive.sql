-- The older part of the journal. 'Ingest archive' moves rows here in one transaction with their removal from commands, and
-- an id that stands here is taken as well; so the journal that is written to stays small and every id is known for ever.
CREATE TABLE commands_archive (
    command_id   uuid PRIMARY KEY,
    kind         text NOT NULL,
    payload_hash bytea NOT NULL,
    outcome      text NOT NULL CHECK (outcome IN ('accepted', 'rejected')),
    reason       text,
    bet_id       bigint,
    user_id      bigint,
    event_id     bigint,
    issued_at    timestamptz NOT NULL,
    applied_at   timestamptz NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

GRANT SELECT ON commands_archive TO ingest, reader;
