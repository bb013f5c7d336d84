WITH was AS (SELECT bet_id, month_of(placed_at) AS month, coalesce(payout, 0) AS paid FROM bets_at(@moment::timestamptz)
        WHERE placed_at >= (SELECT whole_months FROM kept)),
    now AS (SELECT bet_id, month_of(placed_at) AS month, coalesce(payout, 0) AS paid FROM bets
        WHERE placed_at >= (SELECT whole_months FROM kept))
SELECT coalesce(was.month, now.month), count(was.bet_id), count(now.bet_id), count(*) FILTER (WHERE was.bet_id IS NULL), count(*) FILTER (WHERE now.bet_id IS NULL),
    count(*) FILTER (WHERE was.paid <> now.paid), coalesce(sum(was.paid), 0), coalesce(sum(now.paid), 0), coalesce(sum(now.paid - was.paid), 0)
FROM was FULL JOIN now ON now.bet_id = was.bet_id AND now.month = was.month GROUP BY 1 ORDER BY 1
