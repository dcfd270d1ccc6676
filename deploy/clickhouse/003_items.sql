CREATE TABLE IF NOT EXISTS {db}.items
(
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform that sent the events',
    project LowCardinality(String) COMMENT 'Project within organisation and source',
    item_id String COMMENT 'Item within organisation, source and project',
    revision UInt64 COMMENT 'Of rows with one key the largest revision is true',
    state LowCardinality(String) COMMENT 'Where the item stands: unopened, waiting, in_work, submitted, in_review, reviewed, escalated, closed',
    queue LowCardinality(String) COMMENT 'Present queue',
    team LowCardinality(String) COMMENT 'Team of the latest submission',
    site LowCardinality(String) COMMENT 'Site of the latest submission',
    annotator String COMMENT 'Pseudonym of the latest submission''s annotator',
    reviewer String COMMENT 'Pseudonym of the latest review''s reviewer',
    outcome LowCardinality(String) COMMENT 'Latest review outcome, or overturned, or the terminal state',
    labels Array(LowCardinality(String)) COMMENT 'Labels of the latest submission',
    attempt Nullable(UInt32) COMMENT 'Attempt of the latest submission, if the source tells',
    claims UInt32 COMMENT 'Claims and assignments so far',
    submissions UInt32 COMMENT 'Submissions so far',
    reviews UInt32 COMMENT 'Reviews so far',
    events UInt32 COMMENT 'Distinct events so far',
    handle_ms Nullable(Int64) COMMENT 'Handle time of all submissions in ms, where known',
    active_ms Nullable(Int64) COMMENT 'Active time of all submissions in ms, where known',
    created_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Created',
    queued_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Latest queueing',
    first_claimed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First claim',
    last_claimed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Latest claim',
    started_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First start of work',
    submitted_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Latest submission',
    reviewed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Latest review',
    completed_at Nullable(DateTime64(3, 'UTC')) COMMENT 'First completion',
    due_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Due, if the source tells',
    emitted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (org, source, project, item_id)
TTL toDateTime(emitted_at) + INTERVAL 2 YEAR
COMMENT 'One row per item as it stands; read with FINAL. All times are event times in UTC';
