CREATE TABLE IF NOT EXISTS {db}.rebuilds
(
    from_at DateTime('UTC') COMMENT 'Start of the range whose rows were computed anew',
    to_at DateTime('UTC') COMMENT 'End of the range, exclusive',
    changed_at DateTime64(6, 'UTC') COMMENT 'When this was written, wall clock',
    state LowCardinality(String) COMMENT 'computed: beside the rows that count; switching, switched: in their place; dropped',
    side String COMMENT 'Database that holds the new rows beside the old ones',
    revision UInt64 COMMENT 'Revision of the new rows, once the switch began; above every old one',
    events UInt64 COMMENT 'Events that went in',
    detail String COMMENT 'Out of which files or topics'
)
ENGINE = ReplacingMergeTree(changed_at) ORDER BY (from_at, to_at)
COMMENT 'Ranges of the rollups that were computed anew; read with FINAL';
