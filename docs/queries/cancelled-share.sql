-- Which share of the bets, and of the stakes, was cancelled? By category.
-- Counts: all bets, open ones too, by the status they have now. Category '' is bets whose event is unknown.
-- Left out where migrate --keep lets rows expire: bets placed before kept_since.whole_days, which are gone or not yet.
SELECT event_category, count() AS bets, countIf(bet_status = 'CANCELLED') AS cancelled,
       round(cancelled / bets, 4) AS share_of_bets,
       round(toFloat64(sum(if(bet_status = 'CANCELLED', bet_amount, 0))) / nullIf(toFloat64(sum(bet_amount)), 0), 4) AS share_of_stakes
FROM bets_analytics
WHERE placed_at >= (SELECT whole_days FROM kept_since)
GROUP BY event_category
ORDER BY event_category;

-- football | 5 | 0 | 0 | 0
-- tennis | 2 | 1 | 0.5 | 0.3333
