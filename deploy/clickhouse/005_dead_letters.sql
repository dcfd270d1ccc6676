CREATE TABLE IF NOT EXISTS {db}.dead_letters
(
    topic LowCardinality(String) COMMENT 'Topic of the refused message',
    partition UInt32 COMMENT 'Partition of the refused message',
    offset UInt64 COMMENT 'Offset of the refused message',
    reason LowCardinality(String) COMMENT 'Why it was refused, one of a short closed list',
    field LowCardinality(String) COMMENT 'Field at fault, when there is one',
    event_type LowCardinality(String) COMMENT 'Event type, when it could be read',
    at DateTime64(3, 'UTC') COMMENT 'When it was refused',
    emitted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'
)
ENGINE = ReplacingMergeTree(emitted_at)
ORDER BY (topic, partition, offset)
TTL toDateTime(emitted_at) + INTERVAL 90 DAY
COMMENT 'Where refused messages lie and why; what they said stays in Kafka, restricted';
