-- A watermark that was written while the publication did not send every change of users, events and bets proves nothing: data_as_of waits for
-- the next whole one. Messages of an older heartbeat.action.query do not say it and count as whole.
ALTER TABLE watermarks ADD COLUMN IF NOT EXISTS whole UInt8 DEFAULT 1;
