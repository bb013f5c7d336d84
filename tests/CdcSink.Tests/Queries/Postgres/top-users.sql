SELECT user_id, user_name, count(*), sum(bet_amount), coalesce(sum(bet_amount - coalesce(payout, 0)) FILTER (WHERE bet_status <> 'OPEN'), 0)
FROM bets WHERE placed_at >= @from::timestamptz AND placed_at < @to::timestamptz GROUP BY user_id, user_name ORDER BY 4 DESC, user_id LIMIT @limit::int
