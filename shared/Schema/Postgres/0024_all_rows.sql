-- Where row-level security is switched on for a captured table, PostgreSQL hides rows from whoever is neither its owner nor has BYPASSRLS, and
-- a snapshot counts as whole all the same: the sink would delete what it did not read. With row_security off such a read fails instead. The
-- workers set it for their own sessions; the connector cannot.
DO $$
BEGIN
    EXECUTE format('ALTER ROLE replicator IN DATABASE %I SET row_security = off', current_database());
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'ALTER ROLE replicator IN DATABASE % SET row_security = off needs more rights: let an administrator run it', current_database();
END
$$;
