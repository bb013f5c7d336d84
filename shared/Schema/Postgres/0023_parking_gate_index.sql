-- The gate as before, except for one condition. With "quarantined_because IS NULL" the planner may read the whole index on deadlines, which has
-- that condition, for each thing that a transaction brings: in a table that it takes for empty, that costs no more than the index on what is
-- waited for. With 20,000 parked commands the gate took 140 ms.
CREATE OR REPLACE FUNCTION pass_parking_gate(
    brought_for text[], brought_ids bigint[], awaited_for text[], awaited_ids bigint[],
    opened_for text[], opened_ids bigint[], came timestamptz, releasing boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET lock_timeout = '10s' AS $$
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
               WHERE EXISTS (SELECT FROM parked_commands p
                             WHERE p.waits_id = b.id AND p.waits_for = b.kind AND coalesce(p.quarantined_because, '') = '' OFFSET 0)) THEN
        RAISE serialization_failure USING MESSAGE = 'a command was parked meanwhile for what this transaction brings';
    END IF;
    INSERT INTO releases (waits_for, waits_id, came_at) SELECT o.kind, o.id, came FROM unnest(opened_for, opened_ids) AS o (kind, id)
    ON CONFLICT DO NOTHING;
END
$$;
