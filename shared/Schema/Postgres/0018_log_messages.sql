-- Logical messages go through the change stream to every worker: watermarks say how far it has come, fences where a reconciliation
-- cuts. PostgreSQL lets everybody write them, so anybody could claim a moment that is not visible yet. Only two roles have to:
-- replicator for the connector's heartbeat.action.query, reader for the Reconciler's fence. Versions of PostgreSQL differ in the
-- function's arguments. Only its owner, a superuser, can take a right away; where the schema's owner is none, everybody keeps it.
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN SELECT oid::regprocedure FROM pg_proc WHERE proname = 'pg_logical_emit_message' AND pronamespace = 'pg_catalog'::regnamespace LOOP
        IF NOT pg_has_role(current_user, (SELECT proowner FROM pg_proc WHERE oid = function), 'USAGE') THEN
            RAISE WARNING 'everybody may still call %: let a superuser revoke it from PUBLIC and grant it to replicator and reader', function;
            CONTINUE;
        END IF;
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO replicator, reader', function);
    END LOOP;
END
$$;
