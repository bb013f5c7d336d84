SELECT month_of(user_created_at), count(DISTINCT user_id), count(DISTINCT user_id) FILTER (WHERE placed_at >= user_created_at + interval '720 hours')
FROM bets WHERE placed_at >= (SELECT whole_months FROM kept) AND (user_created_at IS NULL OR user_created_at >= (SELECT whole_months FROM kept))
GROUP BY 1 ORDER BY 1 DESC NULLS LAST
