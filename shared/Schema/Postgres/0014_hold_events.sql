-- Who changes an event waits for those that are placing bets on it, and for no longer. A row lock alone does not promise that: FOR
-- SHARE is granted beside other FOR SHARE locks even while somebody waits for a stronger one, so that an event on which bets are
-- placed without a pause is never finished. PostgreSQL's lock manager does keep a queue: a shared lock waits behind an exclusive
-- one that was asked for before it. So a transaction takes such a lock before the events' rows, for as long as it lasts.
--
-- One lock for each event would need room in the lock table for a thousand locks a transaction. There are 64, chosen by the
-- event's id; two events that share one wait for each other's changes. In ascending order, like every other lock of Ingest.
CREATE FUNCTION hold_events(locks integer[], to_change boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    number integer;
BEGIN
    FOREACH number IN ARRAY locks LOOP
        -- Any number does, as long as nobody else in this database uses it with a second one: "even".
        IF to_change THEN
            PERFORM pg_advisory_xact_lock(1702258030, number);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(1702258030, number);
        END IF;
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION hold_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_events TO ingest;
