-- Watermarks go on while a hold keeps data_as_of where it is. While there is one, a PostgreSQL snapshot that was taken after data_as_of is refused, and
-- every snapshot while nothing is proven. A hold has a time: where PostgreSQL's clock was set over it,
-- the time does not say which changes came before the hold, and every snapshot is refused. In all else the definition is that of 0030.
CREATE OR REPLACE VIEW answerable_snapshot_of AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS moment,
    bitOr(bitShiftLeft(toUInt64(2) * {epoch:UInt8} + 1, 56), {position:UInt64}) AS place
SELECT moment AS instant
WHERE moment IS NOT NULL
    AND throwIf((SELECT count() FROM holds) > 0 AND ifNull(moment > (SELECT data_as_of FROM data_as_of), 1),
        'The snapshot is later than data_as_of, which a hold keeps back: see holds') = 0
    AND throwIf((SELECT count() FROM clock_jumps, holds WHERE known_until < holds_from AND holds_from < known_again) > 0,
        'The snapshot may be later than data_as_of, which a hold keeps back at a time around which the clock of PostgreSQL was set: see holds') = 0
    AND throwIf(place > (SELECT max(version) FROM visible_watermarks),
        'The snapshot is later than data_as_of: changes that it saw may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_of_tables WHERE epoch = {epoch:UInt8} AND reads > 0 AND known_position > {position:UInt64}) > 0,
        'The state of that snapshot is not known: it was taken before a table was first read whole in its epoch') = 0
    AND throwIf((SELECT max(epoch) > {epoch:UInt8} AND maxIf(last_version, epoch = {epoch:UInt8}) < place FROM history_of_tables),
        'The state of that snapshot is not known: it was taken after the last change that came from its epoch') = 0
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;
