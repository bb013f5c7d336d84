-- How much money hangs on each event? Stakes are held until a bet is closed.
-- The largest single stake tells whether one user is the risk.
-- Counts: bets OPEN now. An event that is unknown has an empty name and status.
SELECT event_id, event_name, event_status, count() AS open_bets, sum(bet_amount) AS stakes_held, max(bet_amount) AS largest_stake
FROM bets_analytics
WHERE bet_status = 'OPEN'
GROUP BY event_id, event_name, event_status
ORDER BY stakes_held DESC, event_id;

-- 30 | Derby | LIVE | 3 | 76.5 | 60
