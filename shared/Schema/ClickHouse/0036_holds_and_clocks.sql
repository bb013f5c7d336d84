-- A hold has a time of PostgreSQL's clock. Where that clock fell behind it since, the time no longer says which changes came before the hold: nothing is
-- proven then until the hold ends. A jump is in clock_jumps before a watermark behind it is visible. In all else the definition is that of 0030.
CREATE OR REPLACE VIEW data_as_of AS
WITH
    (SELECT minOrNull(holds_from) FROM holds) AS held,
    (SELECT count() FROM clock_jumps WHERE known_again > held AND from_version < (SELECT max(version) FROM visible_watermarks)) AS falls
SELECT if(falls > 0, NULL, if(held < visible, nullIf(held, toDateTime64(0, 6, 'UTC')), visible)) AS data_as_of
FROM (SELECT argMaxOrNull(as_of, version) AS visible FROM visible_watermarks)
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;
