CREATE TABLE IF NOT EXISTS {db}.sla_ledger
(
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform that sent the events',
    project LowCardinality(String) COMMENT 'Project within organisation and source',
    item_id String COMMENT 'Item within organisation, source and project',
    policy LowCardinality(String) COMMENT 'Policy whose clock it is',
    cycle UInt32 COMMENT 'Which run of the clock, from 1',
    kind LowCardinality(String) COMMENT 'activate, pause, resume, at_risk, breach, breach_withdrawn, fulfil, cancel',
    n UInt32 COMMENT 'Which of its kind in the cycle, from 1',
    revision UInt64 COMMENT 'Of rows with one key the largest revision is true',
    seq UInt32 COMMENT 'Counts what was told about the item''s clocks',
    holds UInt8 COMMENT '0: a late event changed the story and this step is no part of it any more',
    contract LowCardinality(String) COMMENT 'SLA (counts in the metrics), OLA or vendor',
    cause LowCardinality(String) COMMENT 'Condition of the policy that an event met, or time, policy, anchor, late_event',
    queue LowCardinality(String) COMMENT 'Queue in which the item was then',
    team LowCardinality(String) COMMENT 'Team that had it then, empty when nobody had',
    version UInt32 COMMENT 'Version of the policy',
    event_id String COMMENT 'Event that caused the step, as in labels; empty when time did',
    told_at DateTime64(3, 'UTC') COMMENT 'When the step was first told, event time of the tick',
    anchor_at DateTime64(3, 'UTC') COMMENT 'What the clock counts from',
    at DateTime64(3, 'UTC') COMMENT 'When the step happened; a withdrawal when it was told',
    restated_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When what was told of it last changed',
    deadline_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When the target is used up, as it stood then; NULL while paused',
    target_ms Int64 COMMENT 'Target in ms of the policy''s calendar',
    elapsed_ms Int64 COMMENT 'Ms of the calendar that had burned, pauses not counted',
    paused_ms Int64 COMMENT 'Ms of the calendar that it was paused',
    breached UInt8 COMMENT '1: the deadline had passed while the clock ran',
    burned Array(Tuple(state LowCardinality(String), queue LowCardinality(String), team LowCardinality(String), ms Int64)) COMMENT 'Of a breach or an end: whose the time was, paused included',
    emitted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (org, source, project, item_id, policy, cycle, kind, n)
TTL toDateTime(emitted_at) + INTERVAL 2 YEAR
COMMENT 'Every step of every SLA clock, and what was taken back; read with FINAL, WHERE holds for the truth';
