-- Which share of the bets, and of the stakes, was cancelled? By category.
-- Counts: all bets, open ones too, by the status they have now. Category '' is bets whose event is unknown.
SELECT event_category, count() AS bets, countIf(bet_status = 'CANCELLED') AS cancelled,
       round(cancelled / bets, 4) AS share_of_bets,
       round(toFloat64(sumIf(bet_amount, bet_status = 'CANCELLED')) / nullIf(toFloat64(sum(bet_amount)), 0), 4) AS share_of_stakes
FROM bets_analytics
GROUP BY event_category
ORDER BY event_category;

-- football | 5 | 0 | 0 | 0
-- tennis | 2 | 1 | 0.5 | 0.3333
