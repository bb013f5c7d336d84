-- The last change of each partition, by its key in the table of changes: tables that were restored from different moments are told by a lookup
-- when the partition begins. Version 0: not known.
ALTER TABLE sink_progress
    ADD COLUMN IF NOT EXISTS change_id Int64,
    ADD COLUMN IF NOT EXISTS change_version UInt64;
