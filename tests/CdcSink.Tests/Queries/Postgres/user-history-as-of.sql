SELECT bet_id, bet_status, bet_amount, payout, text_of(placed_at), text_of(settled_at), user_name, event_name, event_status
FROM bets_at(@moment::timestamptz) WHERE user_id = @user::bigint ORDER BY bet_id
