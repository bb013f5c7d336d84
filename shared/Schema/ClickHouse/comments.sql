-- What each table, view and column means: tools show it, and docs/data-dictionary.md is made from it. This file has no number: migrate
-- applies it again whenever it or a numbered file has changed.

ALTER TABLE user_changes
    COMMENT COLUMN id 'User id',
    COMMENT COLUMN version 'Orders the changes of a row: epoch << 57 | streamed << 56 | LSN. A read of a snapshot has streamed = 0',
    COMMENT COLUMN deleted '1 if the change deleted the row: then only id has a meaning',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came, as for incremental snapshots',
    COMMENT COLUMN committed_at 'When PostgreSQL committed the change, in milliseconds. For a read of a snapshot, the time of the snapshot',
    COMMENT COLUMN topic 'Kafka topic that brought the change',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN not_sent 'Bit n is set if the record did not bring the n-th column behind this one: the column keeps its earlier value',
    COMMENT COLUMN marks 'Bit n is set if the n-th column behind not_sent does not hold the value of the source as it is. Flat: the view marked_values',
    COMMENT COLUMN originals 'Received text by source column, where the column cannot hold it exactly. Flat: the view marked_values',
    COMMENT COLUMN name 'Name, as the change brought it',
    COMMENT COLUMN created_at 'When the user registered. Microseconds, also beyond the years 1900 to 2299',
    MODIFY COMMENT 'Every change of every user, for ever. Ask bets_analytics for the present';

ALTER TABLE event_changes
    COMMENT COLUMN id 'Event id',
    COMMENT COLUMN version 'Orders the changes of a row: epoch << 57 | streamed << 56 | LSN. A read of a snapshot has streamed = 0',
    COMMENT COLUMN deleted '1 if the change deleted the row: then only id has a meaning',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came, as for incremental snapshots',
    COMMENT COLUMN committed_at 'When PostgreSQL committed the change, in milliseconds. For a read of a snapshot, the time of the snapshot',
    COMMENT COLUMN topic 'Kafka topic that brought the change',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN not_sent 'Bit n is set if the record did not bring the n-th column behind this one: the column keeps its earlier value',
    COMMENT COLUMN marks 'Bit n is set if the n-th column behind not_sent does not hold the value of the source as it is. Flat: the view marked_values',
    COMMENT COLUMN originals 'Received text by source column, where the column cannot hold it exactly. Flat: the view marked_values',
    COMMENT COLUMN name 'Name',
    COMMENT COLUMN category 'Category, such as football',
    COMMENT COLUMN start_time 'Planned or real start',
    COMMENT COLUMN status 'SCHEDULED, LIVE or FINISHED',
    MODIFY COMMENT 'Every change of every event, for ever';

ALTER TABLE bet_changes
    COMMENT COLUMN id 'Bet id',
    COMMENT COLUMN version 'Orders the changes of a row: epoch << 57 | streamed << 56 | LSN. A read of a snapshot has streamed = 0',
    COMMENT COLUMN deleted '1 if the change deleted the row: then only id has a meaning',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came, as for incremental snapshots',
    COMMENT COLUMN committed_at 'When PostgreSQL committed the change, in milliseconds. For a read of a snapshot, the time of the snapshot',
    COMMENT COLUMN topic 'Kafka topic that brought the change',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN not_sent 'Bit n is set if the record did not bring the n-th column behind this one: the column keeps its earlier value',
    COMMENT COLUMN marks 'Bit n is set if the n-th column behind not_sent does not hold the value of the source as it is. Flat: the view marked_values',
    COMMENT COLUMN originals 'Received text by source column, where the column cannot hold it exactly. Flat: the view marked_values',
    COMMENT COLUMN user_id 'User who placed the bet',
    COMMENT COLUMN event_id 'Event that the bet is on',
    COMMENT COLUMN status 'OPEN, SETTLED, CASHED_OUT or CANCELLED',
    COMMENT COLUMN amount 'Stake, in the currency of the platform',
    COMMENT COLUMN payout 'Amount paid out. NULL while the bet is open',
    COMMENT COLUMN placed_at 'When the bet was placed',
    COMMENT COLUMN settled_at 'When the bet was closed: settled, cashed out or cancelled. NULL while it is open',
    MODIFY COMMENT 'Every change of every bet, for ever. One change may stand twice until merges: read with FINAL to count changes';

ALTER TABLE truncations
    COMMENT COLUMN table 'users, events or bets',
    COMMENT COLUMN version 'All rows of the table with a smaller version ended',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came, as for incremental snapshots',
    COMMENT COLUMN committed_at 'When it was committed',
    COMMENT COLUMN topic 'Kafka topic that brought the change',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    MODIFY COMMENT 'Versions at which all rows of a table ended: a TRUNCATE, or a complete snapshot of a newer epoch';

ALTER TABLE bets_by_user
    COMMENT COLUMN user_id 'User id',
    COMMENT COLUMN bet_id 'Bet id',
    MODIFY COMMENT 'Every bet that ever named a user. Fed from bet_changes';

ALTER TABLE bets_by_event
    COMMENT COLUMN event_id 'Event id',
    COMMENT COLUMN bet_id 'Bet id',
    MODIFY COMMENT 'Every bet that ever named an event. Fed from bet_changes';

ALTER TABLE bets_analytics_rows
    COMMENT COLUMN bet_id 'Bet id, as in PostgreSQL',
    COMMENT COLUMN bet_status 'OPEN, SETTLED, CASHED_OUT or CANCELLED',
    COMMENT COLUMN bet_amount 'Stake, in the currency of the platform',
    COMMENT COLUMN payout 'Amount paid out. For a cancelled bet the stake that went back. NULL while open, and where PostgreSQL has NULL',
    COMMENT COLUMN placed_at 'When the bet was placed, UTC',
    COMMENT COLUMN settled_at 'When the bet was closed, UTC: settled, cashed out or cancelled. NULL while it is open',
    COMMENT COLUMN user_id 'User who placed the bet',
    COMMENT COLUMN user_name 'Name of the user now. Empty while the user is unknown',
    COMMENT COLUMN user_created_at 'When the user registered, UTC. NULL while the user is unknown',
    COMMENT COLUMN event_id 'Event that the bet is on',
    COMMENT COLUMN event_name 'Name of the event now. Empty while the event is unknown',
    COMMENT COLUMN event_category 'Category of the event, such as football. Empty while the event is unknown',
    COMMENT COLUMN event_start_time 'Start of the event, UTC. NULL while the event is unknown',
    COMMENT COLUMN event_status 'SCHEDULED, LIVE or FINISHED. Empty while the event is unknown',
    COMMENT COLUMN bet_version 'Version of the newest change of the bet, see bet_changes.version',
    COMMENT COLUMN user_version 'Version of the newest change of the user. 0: unknown',
    COMMENT COLUMN event_version 'Version of the newest change of the event. 0: unknown',
    COMMENT COLUMN version 'bet_version << 64 | (user_version + event_version): the highest of a sorting key is shown',
    COMMENT COLUMN is_deleted '1: no bet stands under this sorting key since that version',
    COMMENT COLUMN marks 'Bit n is set if the n-th column does not show the value of the source as it is. Named: the column marks of bets_analytics',
    MODIFY COMMENT 'Storage of bets_analytics: several versions of a bet and markers of deletion. Ask bets_analytics instead';

ALTER TABLE bets_analytics
    COMMENT COLUMN bet_id 'Bet id, as in PostgreSQL',
    COMMENT COLUMN bet_status 'OPEN, SETTLED, CASHED_OUT or CANCELLED',
    COMMENT COLUMN bet_amount 'Stake, in the currency of the platform',
    COMMENT COLUMN payout 'Amount paid out. For a cancelled bet the stake that went back. NULL while open, and where PostgreSQL has NULL',
    COMMENT COLUMN placed_at 'When the bet was placed, UTC',
    COMMENT COLUMN settled_at 'When the bet was closed, UTC: settled, cashed out or cancelled. NULL while it is open',
    COMMENT COLUMN user_id 'User who placed the bet',
    COMMENT COLUMN user_name 'Name of the user now. Empty while the user is unknown',
    COMMENT COLUMN user_created_at 'When the user registered, UTC. NULL while the user is unknown',
    COMMENT COLUMN event_id 'Event that the bet is on',
    COMMENT COLUMN event_name 'Name of the event now. Empty while the event is unknown',
    COMMENT COLUMN event_category 'Category of the event, such as football. Empty while the event is unknown',
    COMMENT COLUMN event_start_time 'Start of the event, UTC. NULL while the event is unknown',
    COMMENT COLUMN event_status 'SCHEDULED, LIVE or FINISHED. Empty while the event is unknown',
    COMMENT COLUMN bet_version 'Version of the newest change of the bet, see bet_changes.version',
    COMMENT COLUMN user_version 'Version of the newest change of the user. 0: unknown',
    COMMENT COLUMN event_version 'Version of the newest change of the event. 0: unknown',
    COMMENT COLUMN marks 'Names of the columns that do not show the value of the source as it is: clamped, rounded, infinite, undeclared. Flat: the view bet_marks',
    MODIFY COMMENT 'What people query: one row for each bet that PostgreSQL has now, with its user and event, right as of data_as_of. Where migrate --keep lets rows expire, bets placed before kept_since are gone or not yet';

ALTER TABLE bet_marks
    COMMENT COLUMN bet_id 'Bet id',
    COMMENT COLUMN marked_column 'Column of bets_analytics that does not show the value of the source as it is',
    MODIFY COMMENT 'The column marks of bets_analytics flat, for tools without arrays: one row for each bet and marked column';

ALTER TABLE marked_values
    COMMENT COLUMN of 'users, events or bets',
    COMMENT COLUMN id 'Id of the row',
    COMMENT COLUMN version 'Version of the change',
    COMMENT COLUMN committed_at 'When the change was committed',
    COMMENT COLUMN source_column 'Column in PostgreSQL',
    COMMENT COLUMN original 'Text that was received',
    MODIFY COMMENT 'The map originals of the changes flat, for tools without maps: one row for each value that a column cannot hold exactly';

ALTER TABLE bets_as_of
    MODIFY COMMENT 'Parameterised view, moment: text with its zone. The columns of bets_analytics but for marks as of a past moment. An error where that state is not known';

ALTER TABLE bets_as_of_unchecked
    MODIFY COMMENT 'Parameterised view, moment: text with its zone. As bets_as_of from what is visible, complete or not';

ALTER TABLE bets_as_of_snapshot
    MODIFY COMMENT 'Parameterised view, epoch, position, xmax, xip, taken: bets as a PostgreSQL snapshot saw them. An error where that is not known or not visible yet';

ALTER TABLE bets_as_of_snapshot_unchecked
    MODIFY COMMENT 'Parameterised view: as bets_as_of_snapshot from what is visible, complete or not. For callers with a fence, such as the Reconciler';

ALTER TABLE instant_of
    MODIFY COMMENT 'Parameterised view, text: the instant that a text with its zone names. An error for anything else';

ALTER TABLE answerable_instant_of
    MODIFY COMMENT 'Parameterised view, text: the same. An error where the state of that moment is not known';

ALTER TABLE answerable_snapshot_of
    MODIFY COMMENT 'Parameterised view, epoch, position, taken: the time of a snapshot. An error where what it saw is not known or not visible yet';

ALTER TABLE history_gaps
    COMMENT COLUMN of 'users, events or bets; clock: the clock of PostgreSQL was set; snapshot: Debezium began one while it was streaming',
    COMMENT COLUMN epoch 'Epoch in which the gap ends',
    COMMENT COLUMN known_until 'Last moment before the gap. Year 0: the gap has no beginning',
    COMMENT COLUMN known_again 'First moment behind the gap',
    MODIFY COMMENT 'Times at which the state of PostgreSQL is not known: before a table was read whole, between two epochs, where its clock was set, and where Debezium began to read';

ALTER TABLE history_of_tables
    COMMENT COLUMN of 'users, events or bets',
    COMMENT COLUMN epoch 'Epoch of the cluster',
    COMMENT COLUMN last_version 'Highest version',
    COMMENT COLUMN last_change 'Commit time of the change with that version',
    COMMENT COLUMN reads 'Groups of rows that snapshots read. 0: no snapshot read the table',
    COMMENT COLUMN is_incremental '1: an incremental snapshot read the table first',
    COMMENT COLUMN has_ended '1: a snapshot that read the table has ended',
    COMMENT COLUMN known_again 'From this moment on the table is known whole',
    COMMENT COLUMN known_position 'The same as a position in the log',
    COMMENT COLUMN newest_reading 'Time of the newest watermark',
    COMMENT COLUMN behind_reading_at 'The same, or the earliest commit time of a change behind that watermark in the log',
    MODIFY COMMENT 'From where on each table is known in each epoch, and its last change';

ALTER TABLE commit_times
    COMMENT COLUMN of 'users, events or bets',
    COMMENT COLUMN version 'Version of the change',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came',
    COMMENT COLUMN committed_at 'When it was committed; a read: when it was read',
    MODIFY COMMENT 'Version, transaction and commit time of the changes of all tables';

ALTER TABLE clock_jumps
    COMMENT COLUMN known_until 'Last moment before the clock can be doubted',
    COMMENT COLUMN known_again 'From here on its times are in the order of the log again',
    COMMENT COLUMN from_version 'Version of the watermark or change before the jump',
    COMMENT COLUMN fall_version 'Version of the first one whose time is earlier than that of one before it',
    COMMENT COLUMN recorded_at 'When it was recorded',
    MODIFY COMMENT 'Where the clock of PostgreSQL fell, as watermarks and changes show it. Kept for ever';

ALTER TABLE recent_clock_jumps
    COMMENT COLUMN known_until 'As in clock_jumps',
    COMMENT COLUMN known_again 'As in clock_jumps',
    COMMENT COLUMN from_version 'As in clock_jumps',
    COMMENT COLUMN fall_version 'As in clock_jumps',
    MODIFY COMMENT 'What the watermarks of the last day and the commits behind the visible one say of jumps of the clock';

ALTER TABLE commit_seconds
    COMMENT COLUMN epoch 'Epoch of the changes',
    COMMENT COLUMN second 'Whole second of commit times',
    COMMENT COLUMN first_after 'Lowest position, as a version, of the last commit before a transaction that was committed in this second',
    COMMENT COLUMN last_after 'Highest such position',
    COMMENT COLUMN recorded_at 'When it was recorded last',
    MODIFY COMMENT 'Where in the log the commit times of streamed changes lie. Kept a day';

ALTER TABLE log_readings
    COMMENT COLUMN version 'Position in the log, as a version: of a watermark, or of the last commit before a transaction',
    COMMENT COLUMN is_commit '1 for the commit of a transaction, 0 for a watermark',
    COMMENT COLUMN at 'Clock of PostgreSQL there; of a commit, the whole second',
    COMMENT COLUMN lowest_at 'Earliest time that it may be',
    COMMENT COLUMN highest_at 'Latest time that it may be',
    MODIFY COMMENT 'What the clock of PostgreSQL showed, in the order of the log';

ALTER TABLE clock_readings
    COMMENT COLUMN version 'Position in the log, as a version',
    COMMENT COLUMN at 'Clock of PostgreSQL there',
    MODIFY COMMENT 'The watermarks of the last day and the newest visible one';

ALTER TABLE clock_gaps
    COMMENT COLUMN epoch 'Epoch in which the clock fell',
    COMMENT COLUMN known_until 'Last moment before the gap',
    COMMENT COLUMN known_again 'First moment behind the gap',
    MODIFY COMMENT 'Moments that are not known because the clock of PostgreSQL was set';

ALTER TABLE data_as_of
    COMMENT COLUMN data_as_of 'The moment, UTC. NULL until the first watermark is visible, and while nothing is proven: see holds',
    MODIFY COMMENT 'One row: everything that PostgreSQL committed before this moment is visible';

ALTER TABLE summary_by_hour_refresh
    MODIFY COMMENT 'Fills summary_by_hour every 5 minutes. Not to be queried';

ALTER TABLE summary_by_day_refresh
    MODIFY COMMENT 'Fills summary_by_day every hour. Not to be queried';

ALTER TABLE summary_by_month_refresh
    MODIFY COMMENT 'Fills summary_by_month every day. Not to be queried';

ALTER TABLE bets_by_user_feed
    MODIFY COMMENT 'Fills bets_by_user. Not to be queried';

ALTER TABLE bets_by_event_feed
    MODIFY COMMENT 'Fills bets_by_event. Not to be queried';

ALTER TABLE sink_progress
    COMMENT COLUMN topic 'Kafka topic',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN next_offset 'Every record below it has had its effect',
    COMMENT COLUMN end_offset 'End of the partition as the sink saw it then',
    COMMENT COLUMN version 'Highest version of a change so far',
    COMMENT COLUMN committed_at 'Latest commit time so far',
    COMMENT COLUMN recorded_at 'When this was recorded',
    COMMENT COLUMN record_at 'Timestamp in Kafka of the last record below next_offset',
    COMMENT COLUMN generation 'Higher for a topic that was made anew. 0: the first',
    COMMENT COLUMN place 'generation << 64 | next_offset: the highest counts',
    COMMENT COLUMN record_offset 'Offset of the record that record_at belongs to',
    COMMENT COLUMN change_id 'Id of the row that the last change is of',
    COMMENT COLUMN change_version 'Version of the last change. 0: not known',
    MODIFY COMMENT 'How far each partition is visible. Read with FINAL';

ALTER TABLE fences
    COMMENT COLUMN prefix 'Prefix of the message',
    COMMENT COLUMN content 'Text of the message',
    COMMENT COLUMN version 'Version, as for a change',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came, as for incremental snapshots',
    COMMENT COLUMN committed_at 'When it was committed',
    COMMENT COLUMN topic 'Kafka topic that brought the change',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN recorded_at 'When it was recorded',
    MODIFY COMMENT 'Logical messages with the prefix fence that came through. Kept 30 days';

ALTER TABLE rewinds
    COMMENT COLUMN id 'Id of the order',
    COMMENT COLUMN consumer_group 'Consumer group',
    COMMENT COLUMN topic 'Kafka topic',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Read again from here',
    COMMENT COLUMN forward '1: the order may skip records',
    COMMENT COLUMN ordered_at 'When it was given',
    COMMENT COLUMN begun '1: the owner of the partition obeyed',
    COMMENT COLUMN begun_at 'When it obeyed',
    COMMENT COLUMN begun_from 'Where the partition stood then',
    MODIFY COMMENT 'Orders to read a partition again from an offset. Kept 90 days';

ALTER TABLE rebuilds
    COMMENT COLUMN id 'Id of the rebuild',
    COMMENT COLUMN started_at 'When it began',
    COMMENT COLUMN heard_at 'When it was last heard of',
    COMMENT COLUMN stage 'Stage that it is in',
    COMMENT COLUMN bets_done 'Bets joined so far',
    COMMENT COLUMN bets 'Bets to join',
    MODIFY COMMENT 'Rebuilds of bets_analytics_rows and how far they are';

ALTER TABLE reconciliation_requests
    COMMENT COLUMN id 'Id of the request',
    COMMENT COLUMN reason 'Why',
    COMMENT COLUMN asked_at 'When',
    COMMENT COLUMN answered '1: a run has begun since it was asked (run_id 0) or has answered it (run_id). 2: a run has found everything equal and what is held is let go',
    COMMENT COLUMN run_id 'That run in reconciliation_runs of PostgreSQL',
    COMMENT COLUMN holds_from 'data_as_of goes no further than this while answered < 2. 1970: nothing is proven. NULL: nothing is held',
    MODIFY COMMENT 'What the sink asks the Reconciler for';

ALTER TABLE holds
    COMMENT COLUMN id 'Id of the request',
    COMMENT COLUMN reason 'Why',
    COMMENT COLUMN asked_at 'When',
    COMMENT COLUMN answered '1: a run has begun since (run_id 0), or has answered it with drift (run_id)',
    COMMENT COLUMN run_id 'That run in reconciliation_runs of PostgreSQL',
    COMMENT COLUMN holds_from 'data_as_of goes no further than this. 1970: nothing is proven',
    MODIFY COMMENT 'Requests for a reconciliation that hold data_as_of: rows may be missing or wrong until a run has found everything equal';

ALTER TABLE row_retention
    COMMENT COLUMN of 'Table',
    COMMENT COLUMN months 'Months after placed_at. 0: for ever',
    COMMENT COLUMN set_at 'When it was set',
    COMMENT COLUMN gone_before 'Bets placed before this moment may have expired under a shorter rule, until rebuild --all. 1900: none has',
    MODIFY COMMENT 'How long rows of bets stay, as migrate --keep last set it';

ALTER TABLE kept_since
    COMMENT COLUMN whole_days 'Beginning of the first whole day. 1900: rows stay for ever',
    COMMENT COLUMN whole_months 'Beginning of the first whole month. 1900: rows stay for ever',
    MODIFY COMMENT 'From here on no row of a day or a month has expired by migrate --keep: the summaries show nothing older';

ALTER TABLE watermarks
    COMMENT COLUMN at 'Clock of PostgreSQL when the message was written',
    COMMENT COLUMN version 'Version, as for a change',
    COMMENT COLUMN topic 'Kafka topic',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN recorded_at 'When it was recorded',
    COMMENT COLUMN id 'Its own id. Nil: the message does not say it',
    COMMENT COLUMN previous 'Id of the watermark that PostgreSQL wrote before it. Nil: the message does not say it',
    COMMENT COLUMN timeline 'Timeline of PostgreSQL. 0: the message does not say it',
    COMMENT COLUMN publication 'Hash of the publication as PostgreSQL had it. Nil: the message does not say it',
    COMMENT COLUMN whole '0: the publication did not send every change of users, events and bets, so data_as_of waits for a later one',
    COMMENT COLUMN started 'When PostgreSQL was started. 1970: the message does not say it',
    MODIFY COMMENT 'Logical messages with the prefix watermark that came through. Kept a day';

ALTER TABLE last_watermarks
    COMMENT COLUMN topic 'Kafka topic',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN epoch 'Epoch of the watermark',
    COMMENT COLUMN generation 'Generation of the topic, as in sink_progress',
    COMMENT COLUMN slot 'Offset modulo 256: a later watermark replaces the one in its slot',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN at 'Clock of PostgreSQL when the message was written',
    COMMENT COLUMN version 'Version, as for a change',
    COMMENT COLUMN id 'Its own id',
    COMMENT COLUMN previous 'Id of the watermark that PostgreSQL wrote before it',
    COMMENT COLUMN timeline 'Timeline of PostgreSQL. 0: the message does not say it',
    COMMENT COLUMN publication 'Hash of the publication as PostgreSQL had it. Nil: the message does not say it',
    COMMENT COLUMN started 'When PostgreSQL was started. 1970: the message does not say it',
    COMMENT COLUMN recorded_at 'When it was recorded',
    MODIFY COMMENT 'The last watermarks of each partition, epoch and generation. They never expire';

ALTER TABLE visible_watermarks
    COMMENT COLUMN as_of 'The moment that it proves: its time less a second',
    COMMENT COLUMN version 'Version of the watermark',
    COMMENT COLUMN recorded_at 'When it was recorded',
    MODIFY COMMENT 'The newest watermark whose preceding changes are all visible. Ask data_as_of';

ALTER TABLE snapshot_markers
    COMMENT COLUMN marker 'first, last: reads of a snapshot; table: its last read of a table; read: its first read in a batch; incremental: the same of an incremental one; over: it ended without a last read; noted, later: it was begun while its epoch was streamed, the time that Debezium noted and when its first read of a table was written; skipped: records were left out when the partition stood at this version',
    COMMENT COLUMN version 'Version of the read, as for a change',
    COMMENT COLUMN transaction_id 'Low 32 bits of the PostgreSQL transaction id. 0: none came, as for incremental snapshots',
    COMMENT COLUMN committed_at 'Time of the snapshot',
    COMMENT COLUMN topic 'Kafka topic that brought the change',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN settled '1: the rows that the snapshot did not find are deleted. 2: they stay, because reads may have been lost. 0: not known yet',
    COMMENT COLUMN recorded_at 'When it was recorded',
    MODIFY COMMENT 'The first and the last read of each snapshot and of its tables, and one read of each batch. A last read stays open until all that it ends is known';

ALTER TABLE dead_letters
    COMMENT COLUMN topic 'Kafka topic of the record',
    COMMENT COLUMN partition 'Its partition',
    COMMENT COLUMN offset 'Its offset',
    COMMENT COLUMN sha256 'SHA-256 of the record',
    COMMENT COLUMN put_aside_at 'When it was put aside',
    COMMENT COLUMN reason 'Why the record could not be used',
    COMMENT COLUMN field 'Field that the reason is about. Empty: none',
    COMMENT COLUMN cause 'Why Kafka did not take the letter',
    COMMENT COLUMN record_timestamp 'Timestamp of the record in Kafka, as it came',
    COMMENT COLUMN has_key '1: the record has a key',
    COMMENT COLUMN key 'Bytes of the key',
    COMMENT COLUMN has_value '1: the record has a value',
    COMMENT COLUMN value 'Bytes of the value',
    COMMENT COLUMN headers 'JSON array of [name, base64 of the value or null]',
    COMMENT COLUMN ended '1: the letter was replayed or dropped',
    MODIFY COMMENT 'Records that could not be used and that no dead-letter topic took. Ended ones are kept 90 days';
