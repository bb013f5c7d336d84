-- Reads of a snapshot are noted too: its last record may stand in a topic that is not read, or be a dead letter. What the stream brings
-- afterwards says that it is complete.
ALTER TABLE snapshot_markers ADD COLUMN IF NOT EXISTS recorded_at DateTime64(6, 'UTC') DEFAULT now64(6);
