-- Compares the directions of two indexes of bets while the table grows from nothing, as placing bets grows it: 4 million bets of
-- 20,000 users in the order of time, 500 a transaction, nothing else running. Takes a minute and a half and drops what it made.
--
--   createdb measured && psql -X -d measured -f docs/decisions/measured/index-direction.sql
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

CREATE TABLE results (form text, first_3m numeric, last_1m numeric, by_user bigint, open bigint);

CREATE PROCEDURE place(first bigint, batches bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR batch IN 0 .. batches - 1 LOOP
        INSERT INTO bets SELECT b, 1 + (hashint8(b)::bigint + 2147483648) % 20000, 1 + b % 400, 'OPEN', 5, NULL, timestamptz '2026-01-01' + b * interval '10 ms', NULL
        FROM generate_series(first + batch * 500, first + batch * 500 + 499) b;
        COMMIT;
    END LOOP;
END $$;

CREATE PROCEDURE measure(form text, by_user text, open text) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    middle timestamptz;
BEGIN
    DROP TABLE IF EXISTS bets;
    CREATE TABLE bets (id bigint PRIMARY KEY, user_id bigint NOT NULL, event_id bigint NOT NULL, status text NOT NULL, amount numeric(12, 2) NOT NULL,
        payout numeric(14, 2), placed_at timestamptz NOT NULL, settled_at timestamptz) WITH (fillfactor = 90, autovacuum_enabled = off);
    EXECUTE format('CREATE INDEX by_user ON bets (%s)', by_user);
    EXECUTE format('CREATE INDEX open ON bets (%s) INCLUDE (user_id, event_id, amount) WHERE status = ''OPEN''', open);
    began := clock_timestamp();
    CALL place(1, 6000);
    middle := clock_timestamp();
    CALL place(3000001, 2000);
    INSERT INTO results VALUES (form, extract(epoch FROM middle - began) / 3, extract(epoch FROM clock_timestamp() - middle), pg_relation_size('by_user'), pg_relation_size('open'));
    COMMIT;
END $$;

CALL measure('descending', 'user_id, placed_at DESC, id DESC', 'placed_at DESC, id DESC');
CALL measure('ascending', 'user_id, placed_at', 'placed_at, id');
CALL measure('ascending, id in both', 'user_id, placed_at, id', 'placed_at, id');

SELECT form, round(first_3m, 2) AS "µs a bet, first 3 M", round(last_1m, 2) AS "µs a bet, last 1 M",
    by_user / 1048576 AS "bets_by_user, MiB", open / 1048576 AS "bets_open, MiB" FROM results;
DROP TABLE results, bets;
DROP PROCEDURE measure, place;
