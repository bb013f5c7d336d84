-- How do the months' payouts as of a past moment differ from today's? What an auditor asks about a report sent then.
-- parameters: moment = 2025-03-02 00:00:00
SELECT month, sum(then_bets) AS bets_then, sum(now_bets) AS bets_now, sum(then_paid) AS paid_then, sum(now_paid) AS paid_now
FROM
(
    SELECT toStartOfMonth(placed_at) AS month, 1 AS then_bets, 0 AS now_bets, ifNull(payout, 0) AS then_paid, toDecimal64(0, 2) AS now_paid
    FROM bets_as_of(moment = {moment:DateTime64(6, 'UTC')})
    UNION ALL
    SELECT toStartOfMonth(placed_at), 0, 1, toDecimal64(0, 2), ifNull(payout, 0)
    FROM bets_analytics
    WHERE placed_at <= {moment:DateTime64(6, 'UTC')}
)
GROUP BY month
ORDER BY month;

-- 2025-02-01 | 1 | 1 | 180 | 180
-- 2025-03-01 | 1 | 1 | 0 | 75
