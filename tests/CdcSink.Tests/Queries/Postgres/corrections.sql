WITH states AS
(
    SELECT seq, id, committed_at, NOT deleted AND status <> 'OPEN' AS is_closing, ARRAY[CASE WHEN deleted THEN 'deleted' ELSE 'there' END, status, amount::numeric(20, 2)::text,
        payout::numeric(20, 2)::text, user_id::text, event_id::text, text_of(placed_at), text_of(settled_at)] AS state
    FROM bet_history
),
steps AS
(
    SELECT *, lag(state) OVER (PARTITION BY id ORDER BY seq) AS was,
        bool_or(is_closing) OVER (PARTITION BY id ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS was_closed
    FROM states
)
SELECT id, text_of(committed_at), changed, before, after
FROM steps, unnest(ARRAY['row', 'status', 'amount', 'payout', 'user_id', 'event_id', 'placed_at', 'settled_at'], was, state) AS c (changed, before, after)
WHERE was_closed AND before IS DISTINCT FROM after
ORDER BY seq, changed COLLATE "C"
