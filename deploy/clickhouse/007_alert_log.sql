CREATE TABLE IF NOT EXISTS {db}.alert_log
(
    fingerprint String COMMENT 'Identity of the alert''s labels, as Alertmanager computes it',
    starts_at DateTime64(3, 'UTC') COMMENT 'Names the episode: when its condition began to hold; 1970 for a command about no episode',
    seq UInt32 COMMENT 'Step of the episode; 0 for a command',
    kind LowCardinality(String) COMMENT 'transition: a step of the alert; notice: somebody was told of it; command: a person asked for something',
    receiver LowCardinality(String) COMMENT 'Who was told, of a notice',
    id String COMMENT 'Stable id of the transition, notice or command; a repeat carries the same',
    what LowCardinality(String) COMMENT 'Transition (firing, resolved, ...), reason of the notice, or the command',
    at DateTime64(3, 'UTC') COMMENT 'Event time of a transition; wall clock of a notice or command',
    state LowCardinality(String) COMMENT 'State of the alert after a transition',
    outcome LowCardinality(String) COMMENT 'Of a notice: pending, sent, refused, abandoned, stopped; of a close: useful or noise',
    attempts UInt32 COMMENT 'Tries of a notice so far',
    detail String COMMENT 'Of a notice: status or kind of error of the last try',
    rule LowCardinality(String) COMMENT 'Rule that raised it',
    rule_version String COMMENT 'Version of the rule',
    labels Map(LowCardinality(String), String) COMMENT 'Labels of the alert',
    annotations Map(LowCardinality(String), String) COMMENT 'What it says, with its numbers',
    ends_at Nullable(DateTime64(3, 'UTC')) COMMENT 'When it resolved',
    person String COMMENT 'Who acknowledged or commanded',
    note String COMMENT 'What that person said',
    suppressed_by Array(String) COMMENT 'Silences, inhibitions and maintenance windows that keep it quiet',
    late UInt8 COMMENT '1: raised while catching up',
    metric LowCardinality(String) COMMENT 'Metric that the rule looked at',
    window LowCardinality(String) COMMENT 'Window of that metric',
    value Nullable(Float64) COMMENT 'Its value; NULL when unknown',
    low Nullable(Float64) COMMENT 'Lower end of its interval',
    high Nullable(Float64) COMMENT 'Upper end of its interval',
    n UInt64 COMMENT 'Of how many',
    threshold Nullable(Float64) COMMENT 'What it was compared with',
    item_ids Array(String) COMMENT 'Some of the items behind it',
    sql String COMMENT 'Query that reproduces the number',
    revision UInt64 COMMENT 'Of rows with one key the largest revision is true',
    emitted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When the row was stored, wall clock'
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (fingerprint, starts_at, seq, kind, receiver, id)
TTL toDateTime(emitted_at) + INTERVAL 2 YEAR
COMMENT 'Every step of every alert, every notice of it and every command about it; read with FINAL';
