-- A partition that is read to its end and never brought a change says nothing by itself: where there are heartbeats they speak for
-- it, where there are none it is left out. One that has records nobody has read yet holds everything at 1970, which is the truth.
CREATE OR REPLACE VIEW data_as_of AS
WITH (SELECT max(committed_at) FROM sink_progress WHERE startsWith(topic, '__debezium-heartbeat')) AS heartbeat
SELECT min(if(next_offset >= end_offset, greatest(committed_at, heartbeat), committed_at)) AS data_as_of
FROM sink_progress FINAL
WHERE match(topic, '(^|[.])(users|events|bets)$')
    AND (next_offset < end_offset OR committed_at > toDateTime64(0, 6, 'UTC') OR heartbeat > toDateTime64(0, 6, 'UTC'));
