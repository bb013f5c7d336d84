-- What became of a command, the archive included; any role that may read the journal, such as reader:
--   psql "host=… dbname=… user=reader" -v id="'0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1'" -f outcome.sql
-- No row: it has not been applied. It is still with the broker, or among the dead letters (Ingest outcome ID tells).
SELECT c.kind, c.outcome, c.reason, c.outcome <> 'parked' AS final, p.waits_for, p.waits_id, p.deadline, c.issued_at, c.applied_at
FROM (SELECT command_id, kind, outcome, reason, issued_at, applied_at FROM commands WHERE command_id = :id
      UNION ALL
      SELECT command_id, kind, outcome, reason, issued_at, applied_at FROM commands_archive WHERE command_id = :id) c
LEFT JOIN parked_commands p USING (command_id);
