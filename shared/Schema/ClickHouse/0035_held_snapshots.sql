-- Watermarks go on while a hold keeps data_as_of where it is. A PostgreSQL snapshot is answered up to the newest watermark that data_as_of covers, and
-- not at all while nothing is proven. In all else the definition is that of 0030.
CREATE OR REPLACE VIEW answerable_snapshot_of AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS moment,
    bitOr(bitShiftLeft(toUInt64(2) * {epoch:UInt8} + 1, 56), {position:UInt64}) AS place
SELECT moment AS instant
WHERE moment IS NOT NULL
    AND throwIf(place > ifNull((SELECT max(version) FROM visible_watermarks WHERE as_of <= (SELECT data_as_of FROM data_as_of)), 0),
        'The snapshot is later than data_as_of: changes that it saw may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_of_tables WHERE epoch = {epoch:UInt8} AND reads > 0 AND known_position > {position:UInt64}) > 0,
        'The state of that snapshot is not known: it was taken before a table was first read whole in its epoch') = 0
    AND throwIf((SELECT max(epoch) > {epoch:UInt8} AND maxIf(last_version, epoch = {epoch:UInt8}) < place FROM history_of_tables),
        'The state of that snapshot is not known: it was taken after the last change that came from its epoch') = 0
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;
