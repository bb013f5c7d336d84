WITH days AS (SELECT (settled_at AT TIME ZONE 'UTC')::date AS day, sum(bet_amount - coalesce(payout, 0)) AS result FROM bets WHERE bet_status <> 'OPEN' GROUP BY 1)
SELECT asked::date, coalesce((SELECT result FROM days WHERE day = asked::date), 0),
    (SELECT coalesce(sum(result), 0) / 7 FROM days WHERE day > asked::date - 7 AND day <= asked::date)
FROM generate_series(@from::date, @to::date - 1, interval '1 day') asked ORDER BY 1
