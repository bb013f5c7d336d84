-- A run also compares the tables users and events, each by itself, with the rows that no bet names: then part is the table's name and
-- row_id the row's id.
ALTER TABLE reconciliation_findings
    DROP CONSTRAINT reconciliation_findings_part_check,
    ADD CONSTRAINT reconciliation_findings_part_check CHECK (part IN ('changes', 'view', 'users', 'events')),
    ADD COLUMN row_id bigint;
