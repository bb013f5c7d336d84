-- One role a worker, each with no more than it needs. Roles belong to the whole cluster, so they may be there already
-- (another database, an operator's own provisioning); then only the rights below are given. They cannot log in until
-- the migrate command sets a password.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ingest', 'replicator', 'reader', 'warmer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN %s', name, CASE name WHEN 'replicator' THEN 'REPLICATION' ELSE '' END);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster is being migrated at the same moment
            END;
        END IF;
    END LOOP;
END
$$;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ingest, replicator, reader, warmer;

-- ingest: adds and changes rows, deletes only what was parked; the journal and the ledger are append-only but for the
-- outcome of a parked command.
GRANT SELECT, INSERT ON users, wallets, events, bets, commands, command_conflicts, ledger_entries TO ingest;
GRANT UPDATE (name) ON users TO ingest;
GRANT UPDATE (balance) ON wallets TO ingest;
GRANT UPDATE (name, category, start_time, status) ON events TO ingest;
GRANT UPDATE (status, payout, settled_at) ON bets TO ingest;
GRANT UPDATE (outcome, reason, applied_at) ON commands TO ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON parked_commands TO ingest;

-- replicator: the snapshot and the stream of the published tables.
GRANT SELECT ON users, events, bets TO replicator;

-- reader (Reconciler): reads all, writes its own results; its fence is pg_logical_emit_message, which everybody may call.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
GRANT INSERT, UPDATE ON reconciliation_runs TO reader;
GRANT INSERT ON reconciliation_findings TO reader;

-- warmer (CacheWarmer): reads what it caches, refreshes the settlement view.
GRANT SELECT ON users, events, bets, daily_settlement TO warmer;
GRANT EXECUTE ON FUNCTION refresh_daily_settlement() TO warmer;
