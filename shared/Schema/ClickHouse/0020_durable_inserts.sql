-- Progress is recorded only after the effect is durable: an insert is acknowledged when the disk has it, and not only the memory of the
-- machine. Without these settings a machine that loses its power loses inserts of up to half a minute, whose offsets Kafka has by then.
-- Merges need not wait: ClickHouse keeps their sources for old_parts_lifetime, 8 minutes by default. The summaries are made anew each time.
ALTER TABLE user_changes MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE event_changes MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE bet_changes MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE truncations MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE bets_by_user MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE bets_by_event MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE bets_analytics_rows MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE sink_progress MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE fences MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE rewinds MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE rebuilds MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE watermarks MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE visible_watermarks MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE snapshot_markers MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE dead_letters MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE reconciliation_requests MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
ALTER TABLE row_retention MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
