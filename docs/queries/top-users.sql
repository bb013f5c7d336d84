-- Who staked most in a time, and what did the house win of them?
-- Counts: bets by placed_at, whatever their status. house_result is the stake less the payout of bets SETTLED, CASHED_OUT or CANCELLED. A
-- closed bet without a payout (NULL) has paid nothing, an open one has no result yet. A user who is unknown has an empty name.
-- Left out where migrate --keep lets rows expire: bets placed before kept_since.whole_days, which are gone or not yet.
-- parameters: from = 2025-01-01 00:00:00, to = 2026-01-01 00:00:00, limit = 2
SELECT user_id, any(user_name) AS name, count() AS bets, sum(bet_amount) AS staked,
       sum(if(bet_status != 'OPEN', bet_amount - ifNull(payout, 0), 0)) AS house_result
FROM bets_analytics
WHERE placed_at >= {from:DateTime64(6, 'UTC')} AND placed_at < {to:DateTime64(6, 'UTC')}
    AND placed_at >= (SELECT whole_days FROM kept_since)
GROUP BY user_id
ORDER BY staked DESC, user_id
LIMIT {limit:UInt32};

-- 1 | Ada | 3 | 180 | -80
-- 2 | Bob | 2 | 61 | -25
