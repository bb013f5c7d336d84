-- How do the months' bets and payouts as of a past moment differ from today's, and why? What an auditor asks about a report sent then.
-- Counts: bets by the UTC month of placed_at, whatever their status. A payout of NULL is nothing paid.
--   bets_then, paid_then   what was committed by the moment, bets_now, paid_now: what is visible now
--   added                  bets of now that the month did not have then: placed since, committed late, or moved from another month
--   gone                   bets of then that the month does not have now: deleted, or moved to another month
--   restated, restated_by  bets that the month had then and has now with another payout, and by how much
-- paid_now = paid_then + restated_by + payouts of the added − payouts of the gone.
-- Left out where migrate --keep lets rows expire: months before kept_since.whole_months, of which bets are gone or not yet.
-- parameters: moment = 2025-03-02T00:00:00Z
SELECT month, sum(was) AS bets_then, sum(is) AS bets_now, countIf(was = 0) AS added, countIf(is = 0) AS gone,
       countIf(was = 1 AND is = 1 AND paid != now_paid) AS restated, sum(paid) AS paid_then, sum(now_paid) AS paid_now,
       sum(if(was = 1 AND is = 1, now_paid - paid, 0)) AS restated_by
FROM
(
    SELECT bet_id, month, sum(then_bets) AS was, sum(now_bets) AS is, sum(then_paid) AS paid, sum(paid_today) AS now_paid
    FROM
    (
        SELECT bet_id, makeDate32(toYear(placed_at), toMonth(placed_at), 1) AS month, 1 AS then_bets, 0 AS now_bets,
               ifNull(payout, 0) AS then_paid, toDecimal64(0, 2) AS paid_today
        FROM bets_as_of(moment = {moment:String})
        WHERE placed_at >= (SELECT whole_months FROM kept_since)
        UNION ALL
        SELECT bet_id, makeDate32(toYear(placed_at), toMonth(placed_at), 1), 0, 1, toDecimal64(0, 2), ifNull(payout, 0)
        FROM bets_analytics
        WHERE placed_at >= (SELECT whole_months FROM kept_since)
    )
    GROUP BY bet_id, month
)
GROUP BY month
ORDER BY month;

-- 2025-02-01 | 1 | 1 | 0 | 0 | 0 | 180 | 180 | 0
-- 2025-03-01 | 1 | 4 | 3 | 0 | 1 | 0 | 125 | 75
-- 2025-04-01 | 0 | 2 | 2 | 0 | 0 | 0 | 0 | 0
