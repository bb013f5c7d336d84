-- How far each partition of the topic of commands is applied, and by what the place is known again: the topic's id and the last record that was
-- applied. The offsets of Kafka's group say nothing of that: they outlive what was lost of a topic, and a topic that is made anew under one name.
-- A place may be behind what is applied, never before it: what comes again is a duplicate.
CREATE TABLE kafka_places (
    topic       text NOT NULL,
    partition   int NOT NULL,
    topic_id    text NOT NULL,
    next_offset bigint NOT NULL,
    last_offset bigint,
    last_mark   bigint,
    noted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);

COMMENT ON TABLE kafka_places IS 'How far each Kafka partition of commands is applied; without its row a partition is read from where Kafka''s group stands';
COMMENT ON COLUMN kafka_places.topic_id IS 'The topic''s id as the brokers tell it; empty where they tell none';
COMMENT ON COLUMN kafka_places.next_offset IS 'The offset that is read next; everything before it is applied or put aside';
COMMENT ON COLUMN kafka_places.last_offset IS 'The offset of the last record before it; NULL where there was none';
COMMENT ON COLUMN kafka_places.last_mark IS 'A hash of that record''s time, key and value';
COMMENT ON COLUMN kafka_places.noted_at IS 'When the row was written, by PostgreSQL''s clock';

GRANT SELECT, INSERT, UPDATE ON kafka_places TO ingest;
GRANT SELECT ON kafka_places TO reader;
