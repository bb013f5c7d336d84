SELECT extract(isodow FROM placed_at AT TIME ZONE 'UTC'), extract(hour FROM placed_at AT TIME ZONE 'UTC'), count(*), sum(bet_amount) FROM bets GROUP BY 1, 2 ORDER BY 1, 2
