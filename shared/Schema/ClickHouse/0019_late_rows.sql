-- A row that comes late to a closed month was merged with the whole month ten minutes later, and so was the next one. A part is now merged
-- by its age at most once a day, with the parts of its month that are as old: a month is rewritten at most once a day, however many late
-- rows it gets. Smaller parts are merged among themselves as before, by size.
ALTER TABLE bets_analytics_rows
    MODIFY SETTING min_age_to_force_merge_seconds = 86400, min_age_to_force_merge_on_partition_only = 0;
