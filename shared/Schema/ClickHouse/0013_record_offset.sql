-- The offset of the record that record_at belongs to. It is not always the one before next_offset: transaction markers, aborted
-- transactions and compaction leave offsets that hold no record.
ALTER TABLE sink_progress ADD COLUMN IF NOT EXISTS record_offset Int64 DEFAULT next_offset - 1;
