SELECT bet_id, user_id, event_id, event_status, floor(extract(epoch FROM placed_at)) - floor(extract(epoch FROM event_start_time)) AS seconds
FROM bets WHERE placed_at > event_start_time ORDER BY seconds DESC, bet_id
