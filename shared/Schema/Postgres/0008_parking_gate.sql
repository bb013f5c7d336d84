-- The last step of a transaction of Ingest that brings a user, event or bet into being, or that parks commands which wait
-- for one. Neither sees what the other has not committed yet, so without a gate both may pass: the command would be
-- parked, what it waits for would be there, and others would overtake it until somebody looks.
--
-- Those that bring go through side by side, one that parks goes through alone; the lock is held until the commit. So of
-- two such transactions one has committed before the other looks again, and what it then finds it must not pass over: it
-- begins anew (40001) and is decided on what is there now. The lock is the last one that a transaction takes, so nobody
-- holds it while waiting for another, and one transaction of any two always gets through.
CREATE FUNCTION pass_parking_gate(brought_for text[], brought_ids bigint[], awaited_for text[], awaited_ids bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- Any two numbers do, as long as nobody else in this database uses them: "park", "gate".
    IF cardinality(awaited_ids) = 0 THEN
        PERFORM pg_advisory_xact_lock_shared(1885434475, 1734440037);
    ELSE
        PERFORM pg_advisory_xact_lock(1885434475, 1734440037);
        -- Each statement of a volatile function sees what has been committed before it.
        IF EXISTS (SELECT FROM unnest(awaited_for, awaited_ids) AS a (kind, id)
                   WHERE CASE a.kind
                       WHEN 'bet' THEN EXISTS (SELECT FROM bets WHERE bets.id = a.id)
                       WHEN 'event' THEN EXISTS (SELECT FROM events WHERE events.id = a.id)
                       ELSE EXISTS (SELECT FROM wallets WHERE wallets.user_id = a.id) END) THEN
            RAISE serialization_failure USING MESSAGE = 'what a command was parked for has come meanwhile';
        END IF;
    END IF;
    IF EXISTS (SELECT FROM unnest(brought_for, brought_ids) AS b (kind, id)
               JOIN parked_commands p ON p.waits_id = b.id AND p.waits_for = b.kind) THEN
        RAISE serialization_failure USING MESSAGE = 'a command was parked meanwhile for what this transaction brings';
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION pass_parking_gate FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pass_parking_gate TO ingest;
