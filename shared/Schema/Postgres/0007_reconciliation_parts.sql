-- A run compares twice: PostgreSQL with the changes that ClickHouse keeps, as of one snapshot ('changes'), and these with
-- the view that people query ('view'), where the column postgres holds what the changes say.
ALTER TABLE reconciliation_findings
    ADD COLUMN part text NOT NULL DEFAULT 'changes' CHECK (part IN ('changes', 'view'));
