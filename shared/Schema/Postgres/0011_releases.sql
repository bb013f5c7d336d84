-- Users, events and bets that have come while more commands waited for them than one transaction releases. As long as one
-- stands here nobody commits anything but its release, so that nothing overtakes what still waits. The last one to come
-- here is the first to go: a bet that is placed by a release has what waited for it released before the release goes on.
CREATE TABLE releases (
    release_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    waits_for  text NOT NULL CHECK (waits_for IN ('user', 'event', 'bet')),
    waits_id   bigint NOT NULL,
    -- When Ingest brought it: what was due by then is too late. NULL where another writer brought it, nobody knows when.
    came_at    timestamptz,
    UNIQUE (waits_for, waits_id)
);

GRANT SELECT, INSERT, DELETE ON releases TO ingest;
GRANT SELECT ON releases TO reader;

-- What waits for one thing is read in issue order, a part at a time.
DROP INDEX parked_commands_by_wait;
CREATE INDEX parked_commands_by_wait ON parked_commands (waits_id, waits_for, issued_at, parked_at, command_id);

-- The gate with its second task: every transaction passes it, and whoever is not itself releasing begins anew while
-- something is being released. One that leaves a release to others opens it here, alone at the gate: whoever commits after
-- it sees that. The function with four parameters stays for replicas of the version before, until they are gone.
CREATE FUNCTION pass_parking_gate(
    brought_for text[], brought_ids bigint[], awaited_for text[], awaited_ids bigint[],
    opened_for text[], opened_ids bigint[], came timestamptz, releasing boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF cardinality(awaited_ids) + cardinality(opened_ids) = 0 THEN
        PERFORM pg_advisory_xact_lock_shared(1885434475, 1734440037);
    ELSE
        PERFORM pg_advisory_xact_lock(1885434475, 1734440037);
    END IF;
    IF NOT releasing AND EXISTS (SELECT FROM releases) THEN
        RAISE serialization_failure USING MESSAGE = 'what has come meanwhile is being released';
    END IF;
    IF cardinality(awaited_ids) > 0
       AND EXISTS (SELECT FROM unnest(awaited_for, awaited_ids) AS a (kind, id)
                   WHERE CASE a.kind
                       WHEN 'bet' THEN EXISTS (SELECT FROM bets WHERE bets.id = a.id)
                       WHEN 'event' THEN EXISTS (SELECT FROM events WHERE events.id = a.id)
                       ELSE EXISTS (SELECT FROM wallets WHERE wallets.user_id = a.id) END) THEN
        RAISE serialization_failure USING MESSAGE = 'what a command was parked for has come meanwhile';
    END IF;
    IF EXISTS (SELECT FROM unnest(brought_for, brought_ids) AS b (kind, id)
               WHERE EXISTS (SELECT FROM parked_commands p WHERE p.waits_id = b.id AND p.waits_for = b.kind OFFSET 0)) THEN
        RAISE serialization_failure USING MESSAGE = 'a command was parked meanwhile for what this transaction brings';
    END IF;
    INSERT INTO releases (waits_for, waits_id, came_at) SELECT o.kind, o.id, came FROM unnest(opened_for, opened_ids) AS o (kind, id)
    ON CONFLICT DO NOTHING;
END
$$;

REVOKE EXECUTE ON FUNCTION pass_parking_gate(text[], bigint[], text[], bigint[], text[], bigint[], timestamptz, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pass_parking_gate(text[], bigint[], text[], bigint[], text[], bigint[], timestamptz, boolean) TO ingest;
