-- Every change with its commit time; the sequence is the order of the log.
CREATE TABLE user_history (seq bigserial PRIMARY KEY, committed_at timestamptz, id bigint, deleted boolean, name text, created_at timestamptz);
CREATE TABLE event_history (seq bigserial PRIMARY KEY, committed_at timestamptz, id bigint, deleted boolean, name text, category text, start_time timestamptz, status text);
CREATE TABLE bet_history (seq bigserial PRIMARY KEY, committed_at timestamptz, id bigint, deleted boolean, user_id bigint, event_id bigint, status text,
    amount numeric, payout numeric, placed_at timestamptz, settled_at timestamptz);

-- What the tables of ClickHouse show of a time: the nearest within 1900 to 2299.
CREATE FUNCTION shown(timestamptz) RETURNS timestamptz IMMUTABLE LANGUAGE sql AS
    $$ SELECT CASE WHEN $1 IS NULL THEN NULL ELSE least(greatest($1, '1900-01-01 00:00:00Z'), '2299-12-31 23:59:59.999999Z') END $$;
CREATE FUNCTION text_of(timestamptz) RETURNS text IMMUTABLE LANGUAGE sql AS
    $$ SELECT CASE WHEN $1 = 'infinity' THEN '9223372036854775807' WHEN $1 = '-infinity' THEN '-9223372036854775808'
        WHEN $1 <> shown($1) THEN (extract(epoch FROM least($1, '294247-01-10 04:00:54.775806Z')) * 1000000)::bigint::text
        ELSE to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') END $$;
CREATE FUNCTION month_of(timestamptz) RETURNS date IMMUTABLE LANGUAGE sql AS $$ SELECT date_trunc('month', $1 AT TIME ZONE 'UTC')::date $$;

CREATE FUNCTION bets_at(moment timestamptz) RETURNS TABLE (bet_id bigint, bet_status text, bet_amount numeric, payout numeric, placed_at timestamptz,
    settled_at timestamptz, user_id bigint, user_name text, user_created_at timestamptz, event_id bigint, event_name text, event_category text,
    event_start_time timestamptz, event_status text) LANGUAGE sql STABLE AS
$$
    SELECT b.id, b.status, b.amount, b.payout, shown(b.placed_at), shown(b.settled_at), b.user_id, coalesce(u.name, ''), shown(u.created_at),
        b.event_id, coalesce(e.name, ''), coalesce(e.category, ''), shown(e.start_time), coalesce(e.status, '')
    FROM (SELECT DISTINCT ON (id) * FROM bet_history WHERE committed_at <= moment ORDER BY id, seq DESC) b
    LEFT JOIN (SELECT DISTINCT ON (id) * FROM user_history WHERE committed_at <= moment ORDER BY id, seq DESC) u ON u.id = b.user_id AND NOT u.deleted
    LEFT JOIN (SELECT DISTINCT ON (id) * FROM event_history WHERE committed_at <= moment ORDER BY id, seq DESC) e ON e.id = b.event_id AND NOT e.deleted
    WHERE NOT b.deleted
$$;
-- What has not expired in ClickHouse; at first everything.
CREATE TABLE kept (whole_days timestamptz, whole_months timestamptz);
INSERT INTO kept VALUES ('-infinity', '-infinity');
CREATE VIEW bets AS SELECT * FROM bets_at('infinity') WHERE placed_at >= (SELECT whole_days FROM kept);
