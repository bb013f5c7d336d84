SELECT event_id, event_name, event_status, count(*), sum(bet_amount), max(bet_amount) FROM bets WHERE bet_status = 'OPEN'
GROUP BY event_id, event_name, event_status ORDER BY 5 DESC, event_id
