-- The only place where a pseudonym meets a name. Grant it to nobody but those who may know.
CREATE TABLE IF NOT EXISTS {db}.people_directory
(
    person String COMMENT 'Pseudonym, as annotator and reviewer have it everywhere else',
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform that knows the person',
    person_id String COMMENT 'Id of the person on that platform',
    name String COMMENT 'Name to show',
    revision UInt64 COMMENT 'Of rows with one key the largest revision is true',
    emitted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (org, source, person)
COMMENT 'Restricted: who a pseudonym is; no view reads it';
