-- A bet whose user or event is not known has empty texts. With join_use_nulls of the reader they were NULL, and a condition such as
-- event_category != 'football' left such bets out without a word. Now the setting is an error.

-- The instant that a text names, if the state of that moment is known.
CREATE OR REPLACE VIEW answerable_instant_of AS
WITH (SELECT instant FROM instant_of(text = {text:String})) AS moment
SELECT moment AS instant
WHERE throwIf(getSetting('join_use_nulls'), 'Views of the past need join_use_nulls = 0: end the query with SETTINGS join_use_nulls = 0') = 0
    AND throwIf(moment > (SELECT ifNull(max(data_as_of), toDateTime64(0, 6, 'UTC')) FROM data_as_of),
        'The moment is later than data_as_of: changes committed by then may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_gaps WHERE moment > known_until AND moment < known_again) > 0,
        'The state of that moment is not known: it lies before the first snapshot, between two epochs or where the clock of PostgreSQL was set, see history_gaps') = 0;

-- The time of a snapshot, if what it saw is known. Positions in the log decide, and no clock: what precedes the newest visible watermark is
-- visible; a table is known from its first whole read to the last change of an epoch that another one followed.
CREATE OR REPLACE VIEW answerable_snapshot_of AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS moment,
    bitOr(bitShiftLeft(toUInt64(2) * {epoch:UInt8} + 1, 56), {position:UInt64}) AS place
SELECT moment AS instant
WHERE moment IS NOT NULL
    AND throwIf(getSetting('join_use_nulls'), 'Views of the past need join_use_nulls = 0: end the query with SETTINGS join_use_nulls = 0') = 0
    AND throwIf(place > (SELECT max(version) FROM visible_watermarks),
        'The snapshot is later than data_as_of: changes that it saw may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_of_tables WHERE epoch = {epoch:UInt8} AND reads > 0 AND known_position > {position:UInt64}) > 0,
        'The state of that snapshot is not known: it was taken before a table was first read whole in its epoch') = 0
    AND throwIf((SELECT max(epoch) > {epoch:UInt8} AND maxIf(last_version, epoch = {epoch:UInt8}) < place FROM history_of_tables),
        'The state of that snapshot is not known: it was taken after the last change that came from its epoch') = 0;
