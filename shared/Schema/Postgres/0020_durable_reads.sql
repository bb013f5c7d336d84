-- With synchronous replication the COMMIT of a transaction that has written nothing waits for no standby. Ingest acknowledges what it has
-- only read as well: a command that is in the journal already. Such a transaction sets this sequence, to the same value each time: that
-- writes a record to the log and takes a transaction id, and its COMMIT waits until a standby has everything before it. It locks no row,
-- leaves no dead row and is in no publication.
CREATE SEQUENCE durable_reads;
GRANT UPDATE ON SEQUENCE durable_reads TO ingest;

-- The gate and the COMMIT go in one round trip, which has no time limit of the client: a client that gives up sends a cancel request, and
-- that ends the wait for the standby. So the wait at the gate has a limit here.
ALTER FUNCTION pass_parking_gate(text[], bigint[], text[], bigint[], text[], bigint[], timestamptz, boolean) SET lock_timeout = '10s';
