CREATE TABLE IF NOT EXISTS {db}.labels
(
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform that sent the events',
    project LowCardinality(String) COMMENT 'Project within organisation and source',
    item_id String COMMENT 'Item within organisation, source and project',
    unit_id String COMMENT 'Labelled part of the item',
    annotator String COMMENT 'Pseudonym of who gave the label',
    label LowCardinality(String) COMMENT 'Label',
    kind LowCardinality(String) COMMENT 'What kind of event the label came with',
    event_id String COMMENT 'Event that gave the label',
    revision UInt64 COMMENT 'Of rows with one key the largest revision is true',
    weight Int64 COMMENT 'Weight in thousandths',
    occurred_at DateTime64(3, 'UTC') COMMENT 'When it was given, event time',
    emitted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (org, source, project, item_id, unit_id, annotator, label, kind, event_id)
TTL toDateTime(emitted_at) + INTERVAL 2 YEAR
COMMENT 'One row per label that somebody gave; read with FINAL';
