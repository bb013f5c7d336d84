-- The arrays and maps of marks flat, for tools that read neither.
CREATE OR REPLACE VIEW bet_marks AS
SELECT bet_id, arrayJoin(marks) AS marked_column FROM bets_analytics;

CREATE OR REPLACE VIEW marked_values AS
SELECT 'bets' AS of, id, version, committed_at, pair.1 AS source_column, pair.2 AS original
FROM (SELECT id, version, committed_at, arrayJoin(CAST(originals, 'Array(Tuple(String, String))')) AS pair FROM bet_changes FINAL WHERE notEmpty(originals))
UNION ALL
SELECT 'users' AS of, id, version, committed_at, pair.1 AS source_column, pair.2 AS original
FROM (SELECT id, version, committed_at, arrayJoin(CAST(originals, 'Array(Tuple(String, String))')) AS pair FROM user_changes FINAL WHERE notEmpty(originals))
UNION ALL
SELECT 'events' AS of, id, version, committed_at, pair.1 AS source_column, pair.2 AS original
FROM (SELECT id, version, committed_at, arrayJoin(CAST(originals, 'Array(Tuple(String, String))')) AS pair FROM event_changes FINAL WHERE notEmpty(originals));
