-- Compares forms of the table bets: what a write costs, how large it grows, what the read side's queries take.
--
--   createdb measured && psql -X -d measured -f docs/decisions/measured/bets-schema.sql
--
-- 2 million bets of 24 months, 2% of them open; then 300 batches as Ingest writes them: 500 bets placed, 500 open ones
-- locked, read and settled, a commit each. Takes about two minutes and drops what it made.
\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;

CREATE TABLE results (form text, figure text, value numeric);

CREATE PROCEDURE measure(form text, partitioned boolean, indexes text[]) LANGUAGE plpgsql AS $$
DECLARE
    columns CONSTANT text := 'id bigint, user_id bigint NOT NULL, event_id bigint NOT NULL, status text NOT NULL, amount numeric(12, 2) NOT NULL,
        payout numeric(14, 2), placed_at timestamptz NOT NULL, settled_at timestamptz';
    bets_before CONSTANT bigint := 2000000;
    began timestamptz;
    placed bigint[];
    settled bigint[];
    index text;
    waited interval;
    took_insert interval := '0';
    took_lock interval := '0';
    took_settle interval := '0';
    took_commit interval := '0';
    found bigint;
BEGIN
    DROP TABLE IF EXISTS bets;
    IF partitioned THEN
        EXECUTE format('CREATE TABLE bets (%s, PRIMARY KEY (id, placed_at)) PARTITION BY RANGE (placed_at)', columns);
        FOR month IN 0..24 LOOP
            EXECUTE format('CREATE TABLE bets_%s PARTITION OF bets FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 90, autovacuum_enabled = off)',
                month, timestamptz '2025-01-01' + month * interval '1 month', timestamptz '2025-01-01' + (month + 1) * interval '1 month');
        END LOOP;
    ELSE
        EXECUTE format('CREATE TABLE bets (%s, PRIMARY KEY (id)) WITH (fillfactor = 90, autovacuum_enabled = off)', columns);
    END IF;
    INSERT INTO bets SELECT n, 1 + (n * 7919) % 100000, 1 + n / 400, CASE WHEN n > bets_before * 0.98 THEN 'OPEN' ELSE 'SETTLED' END, 10, NULL,
        timestamptz '2025-01-01' + n * interval '31.5 seconds', NULL FROM generate_series(1, bets_before) n;
    FOREACH index IN ARRAY indexes LOOP
        EXECUTE index;
    END LOOP;
    ANALYZE bets;
    COMMIT;
    FOR batch IN 0..299 LOOP
        placed := ARRAY(SELECT generate_series(bets_before + batch * 500 + 1, bets_before + batch * 500 + 500));
        settled := ARRAY(SELECT (bets_before * 0.98)::bigint + 1 + batch + n * 75 FROM generate_series(0, 499) n);
        began := clock_timestamp();
        INSERT INTO bets SELECT b, 1 + (b * 7919) % 100000, 1 + b / 400, 'OPEN', 10, NULL, timestamptz '2026-12-31' + (b - bets_before) * interval '1 second', NULL
        FROM unnest(placed) b;
        took_insert := took_insert + (clock_timestamp() - began);
        began := clock_timestamp();
        SELECT count(*) INTO found FROM (SELECT id, user_id, event_id, status, amount FROM bets WHERE id = ANY(settled) ORDER BY id FOR NO KEY UPDATE) b;
        took_lock := took_lock + (clock_timestamp() - began);
        began := clock_timestamp();
        UPDATE bets SET status = 'SETTLED', payout = 12, settled_at = now() FROM unnest(settled) s(id) WHERE bets.id = s.id;
        took_settle := took_settle + (clock_timestamp() - began);
        began := clock_timestamp();
        COMMIT;
        took_commit := took_commit + (clock_timestamp() - began);
    END LOOP;
    INSERT INTO results VALUES (form, '1 place 500 bets, ms', extract(epoch FROM took_insert) * 1000 / 300), (form, '2 lock and read 500 bets by id, ms', extract(epoch FROM took_lock) * 1000 / 300),
        (form, '3 settle 500 bets by id, ms', extract(epoch FROM took_settle) * 1000 / 300), (form, '4 commit, ms', extract(epoch FROM took_commit) * 1000 / 300);
    INSERT INTO results SELECT form, '5 table, MiB', sum(pg_relation_size(oid)) / 1048576.0 FROM pg_class WHERE relname ~ '^bets(_\d+)?$' AND relkind = 'r';
    INSERT INTO results SELECT form, '6 indexes, MiB', sum(pg_indexes_size(oid)) / 1048576.0 FROM pg_class WHERE relname ~ '^bets(_\d+)?$' AND relkind = 'r';
    COMMIT;
END $$;

CREATE PROCEDURE measure_queries(form text) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
BEGIN
    FOR warm IN 0..1 LOOP
        began := clock_timestamp();
        PERFORM id, user_id, event_id, amount, placed_at FROM bets WHERE status = 'OPEN' ORDER BY placed_at DESC, id DESC LIMIT 100;
        IF warm = 1 THEN INSERT INTO results VALUES (form, '7 the 100 latest OPEN bets, ms', extract(epoch FROM clock_timestamp() - began) * 1000); END IF;
        began := clock_timestamp();
        PERFORM id, event_id, status, amount, payout, placed_at, settled_at FROM bets WHERE user_id = 4711 ORDER BY placed_at DESC, id DESC LIMIT 50;
        IF warm = 1 THEN INSERT INTO results VALUES (form, '8 one user''s 50 latest bets, ms', extract(epoch FROM clock_timestamp() - began) * 1000); END IF;
        began := clock_timestamp();
        PERFORM status, count(*) FROM bets GROUP BY status;
        IF warm = 1 THEN INSERT INTO results VALUES (form, '9 counts by status, ms', extract(epoch FROM clock_timestamp() - began) * 1000); END IF;
    END LOOP;
END $$;

\set by_user '''CREATE INDEX ON bets (user_id, placed_at DESC, id DESC)'''
\set by_day '''CREATE INDEX ON bets USING brin (placed_at) WITH (pages_per_range = 32)'''
\set by_status '''CREATE INDEX ON bets (status, placed_at DESC, id DESC)'''
\set open_only '''CREATE INDEX ON bets (placed_at DESC, id DESC) INCLUDE (user_id, event_id, amount) WHERE status = ''''OPEN'''''''
\set by_user_up '''CREATE INDEX ON bets (user_id, placed_at)'''
\set open_up '''CREATE INDEX ON bets (placed_at, id) INCLUDE (user_id, event_id, amount) WHERE status = ''''OPEN'''''''
\set status_only '''CREATE INDEX ON bets (status)'''

CALL measure('status, placed_at, id', false, ARRAY[:by_user, :by_day, :by_status]);
VACUUM ANALYZE bets;
CALL measure_queries('status, placed_at, id');
CALL measure('open only', false, ARRAY[:by_user, :by_day, :open_only]);
VACUUM ANALYZE bets;
CALL measure_queries('open only');
CALL measure('open only, ascending', false, ARRAY[:by_user_up, :by_day, :open_up]);
VACUUM ANALYZE bets;
CALL measure_queries('open only, ascending');
CALL measure('open only + status', false, ARRAY[:by_user, :by_day, :open_only, :status_only]);
VACUUM ANALYZE bets;
CALL measure_queries('open only + status');
CALL measure('open only, 24 months', true, ARRAY[:by_user, :by_day, :open_only]);
VACUUM ANALYZE bets;
CALL measure_queries('open only, 24 months');

SELECT substr(figure, 3) AS figure,
    round(max(value) FILTER (WHERE form = 'status, placed_at, id'), 2) AS "status, placed_at, id",
    round(max(value) FILTER (WHERE form = 'open only'), 2) AS "open only",
    round(max(value) FILTER (WHERE form = 'open only, ascending'), 2) AS "open only, ascending",
    round(max(value) FILTER (WHERE form = 'open only + status'), 2) AS "open only + status",
    round(max(value) FILTER (WHERE form = 'open only, 24 months'), 2) AS "open only, by month"
FROM results GROUP BY figure ORDER BY results.figure;
DROP TABLE results, bets;
DROP PROCEDURE measure, measure_queries;
