-- Each watermark says when PostgreSQL was started. 1970: the message of an older heartbeat.action.query does not say it.
ALTER TABLE watermarks ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC');

ALTER TABLE last_watermarks ADD COLUMN IF NOT EXISTS started DateTime64(6, 'UTC');
