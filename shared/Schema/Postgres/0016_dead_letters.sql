-- Messages that were put aside and that no broker took: too large for its limit even shortened, or its queue or topic of dead letters was away.
CREATE TABLE dead_letters (
    letter_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    door         text NOT NULL,
    source       text NOT NULL,
    put_aside_at timestamptz NOT NULL,
    key          bytea,
    body         bytea,
    headers      bytea NOT NULL
);

COMMENT ON TABLE dead_letters IS 'Messages that were put aside and that no broker took; read with Ingest dead-letters';
COMMENT ON COLUMN dead_letters.door IS 'rabbitmq or kafka: where the message came in';
COMMENT ON COLUMN dead_letters.source IS 'Where the original stood: queue#delivery or topic/partition@offset';
COMMENT ON COLUMN dead_letters.put_aside_at IS 'When it was put aside, by the clock of the replica that did it';
COMMENT ON COLUMN dead_letters.key IS 'Kafka key of the original; NULL where it has none';
COMMENT ON COLUMN dead_letters.body IS 'Bytes of the original, or the first of them; NULL for a record without a value';
COMMENT ON COLUMN dead_letters.headers IS 'JSON: pairs of a name and a value in Base64; field, reason and, if shortened, size and SHA-256 are among them';

-- The verbs replay and drop delete what they are done with.
GRANT SELECT, INSERT, DELETE ON dead_letters TO ingest;
GRANT SELECT ON dead_letters TO reader;
