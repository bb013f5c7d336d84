-- Which bets were changed after they had been closed, and how? Every later change of status, stake or payout, with what it
-- was and what it became.
SELECT id AS bet_id, committed_at AS corrected_at, was.1 AS status_before, status, was.2 AS amount_before, amount, was.3 AS payout_before, payout
FROM
(
    SELECT id, version, committed_at, status, amount, payout,
           any(tuple(status, amount, payout)) OVER (PARTITION BY id ORDER BY version ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS was
    FROM bet_changes FINAL
    WHERE NOT deleted AND not_sent = 0
)
WHERE was.1 IN ('SETTLED', 'CASHED_OUT', 'CANCELLED') AND (status, amount, ifNull(payout, 0)) != (was.1, was.2, ifNull(was.3, 0))
ORDER BY corrected_at, bet_id;

-- 2 | 2025-03-03 09:00:00.000000 | SETTLED | SETTLED | 50 | 50 | 0 | 75
