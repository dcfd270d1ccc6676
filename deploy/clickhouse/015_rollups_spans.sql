-- Made by `python -m sinks.ddl_spans` from schemas/measures.py.

CREATE TABLE IF NOT EXISTS {db}.rollups_spans
(
    grouping LowCardinality(String) COMMENT 'By what the row is grouped: the name of a list of dimensions',
    span_s UInt32 COMMENT 'Length of the span in seconds: 3600 or 86400',
    span_start DateTime('UTC') COMMENT 'Start of the span, event time',
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform that sent the events; part of an item identity',
    project LowCardinality(String) COMMENT 'Project within organisation and source',
    queue LowCardinality(String) COMMENT 'Queue',
    team LowCardinality(String) COMMENT 'Team',
    site LowCardinality(String) COMMENT 'Site',
    vendor LowCardinality(String) COMMENT 'Vendor',
    language LowCardinality(String) COMMENT 'Language',
    stage LowCardinality(String) COMMENT 'Stage',
    priority LowCardinality(String) COMMENT 'Priority',
    severity LowCardinality(String) COMMENT 'Severity',
    category LowCardinality(String) COMMENT 'Category',
    guideline LowCardinality(String) COMMENT 'Guideline',
    label LowCardinality(String) COMMENT 'Label given or expected',
    touched UInt64 COMMENT 'Of rows with one key the largest is true',
    arrived Int64 COMMENT 'item.queued for the first time (reason new or none)',
    requeued Int64 COMMENT 'item.queued again: rework, appeal, escalation, expiry',
    submitted Int64 COMMENT 'item.submitted events',
    completed Int64 COMMENT 'item.completed events, repeats included',
    completed_first Int64 COMMENT 'items that were completed for the first time',
    accepted Int64 COMMENT 'reviews that accepted',
    accept_retracted Int64 COMMENT 'accepts taken back by a later review or an appeal, when so',
    units Int64 COMMENT 'units in submissions that also carry active time',
    units_active_ms Int64 COMMENT 'active ms of submissions that carry units',
    productive_ms Int64 COMMENT 'ms of productive presence, by presence.changed',
    skipped Int64 COMMENT 'item.skipped events',
    prelabel_submitted Int64 COMMENT 'submissions that started from a prediction',
    prelabel_unedited Int64 COMMENT 'of these, submitted without one edit',
    handled Int64 COMMENT 'submissions whose handle time is known',
    handle_ms Int64 COMMENT 'sum of handle times in ms: start to submission, holds included',
    handle_hist Map(UInt16, Int64) COMMENT 'handle times in ms, log bins',
    active_ms Int64 COMMENT 'active ms of submissions',
    active_n Int64 COMMENT 'submissions whose active time is known',
    ratio_active_ms Int64 COMMENT 'active ms of submissions whose elapsed time is known too',
    ratio_elapsed_ms Int64 COMMENT 'elapsed ms (start to submission) of the same submissions',
    claimed Int64 COMMENT 'item.claimed and item.assigned events',
    rework_active_ms Int64 COMMENT 'active ms of submissions of attempt 2 and later',
    flow_active_ms Int64 COMMENT 'active ms spent on items until their first completion',
    flow_elapsed_ms Int64 COMMENT 'ms from creation to first completion of the same items',
    claim_first_hist Map(UInt16, Int64) COMMENT 'ms from first queueing to first claim, log bins',
    claim_last_hist Map(UInt16, Int64) COMMENT 'ms from first queueing to the latest claim, log bins',
    turnaround_hist Map(UInt16, Int64) COMMENT 'ms from creation to first completion, log bins',
    auto_closed Int64 COMMENT 'first completions by a system, kept out of turnaround',
    expired Int64 COMMENT 'assignment.expired events',
    reviewed Int64 COMMENT 'review.decided events',
    rejected Int64 COMMENT 'reviews that rejected',
    fixed Int64 COMMENT 'reviews that fixed and accepted',
    first_reviewed Int64 COMMENT 'items with a first review',
    first_passed Int64 COMMENT 'items whose first review accepted without an edit',
    first_fixed Int64 COMMENT 'items whose first review fixed',
    rounds Int64 COMMENT 'sum of review rounds up to an item\'s first accept or fix',
    rounds_n Int64 COMMENT 'items that reached their first accept or fix',
    golden_n Int64 COMMENT 'golden items answered',
    golden_correct Int64 COMMENT 'golden items answered correctly',
    golden_tp Int64 COMMENT 'golden answers with this label expected and given',
    golden_fp Int64 COMMENT 'golden answers with this label given, another expected',
    golden_fn Int64 COMMENT 'golden answers with this label expected, another given',
    golden_tn Int64 COMMENT 'golden answers that rightly did not choose this option',
    golden_fp_known Int64 COMMENT 'of golden_fp, those whose options are known',
    waiting_delta Int64 COMMENT 'items that began to wait less those that ceased',
    in_work_delta Int64 COMMENT 'items that came into work less those that left it',
    in_review_delta Int64 COMMENT 'items that came into review less those that left it',
    open_delta Int64 COMMENT 'items opened less items closed',
    labelled Int64 COMMENT 'labels given in submissions',
    sla_activated Int64 COMMENT 'SLA clocks started, anew after a reset included',
    sla_at_risk Int64 COMMENT 'SLA clocks that came at risk',
    sla_breached Int64 COMMENT 'SLA clocks that ran at their deadline, counted there',
    sla_breached_cancelled Int64 COMMENT 'of these, cancelled later; counted at the deadline',
    sla_fulfilled Int64 COMMENT 'SLA clocks stopped in time',
    sla_fulfilled_late Int64 COMMENT 'SLA clocks stopped after their breach',
    sla_cancelled Int64 COMMENT 'SLA clocks cancelled by their policy\'s condition',
    sla_superseded Int64 COMMENT 'SLA clocks ended by a reset, another claim or a new version',
    sla_overdue_ms Int64 COMMENT 'ms beyond the target of clocks stopped late',
    sla_elapsed_ms Int64 COMMENT 'ms that SLA clocks ran, told when they pause or end',
    sla_paused_ms Int64 COMMENT 'ms that SLA clocks were paused, told when they go on or end'
)
ENGINE = ReplacingMergeTree(touched)
ORDER BY (grouping, span_s, span_start, org, source, project, queue, team, site, vendor, language, stage, priority, severity, category, guideline, label)
COMMENT 'Hours and days of rollups summed up; true only where rollups_touched says so';

CREATE TABLE IF NOT EXISTS {db}.rollups_touched
(
    grouping LowCardinality(String) COMMENT 'By what the row is grouped: the name of a list of dimensions',
    span_s UInt32 COMMENT 'Length of the span in seconds: 3600 or 86400',
    span_start DateTime('UTC') COMMENT 'Start of the span, event time',
    touched SimpleAggregateFunction(sum, UInt64) COMMENT 'Grows with every insert of rows',
    done SimpleAggregateFunction(max, UInt64) COMMENT 'What touched was when the span was summed up',
    people SimpleAggregateFunction(max, UInt8) COMMENT '1 when a row is about somebody',
    touched_at SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'When rows were last stored'
)
ENGINE = AggregatingMergeTree
ORDER BY (grouping, span_s, span_start)
COMMENT 'Which spans are true: those whose sum of touched equals the largest done';

CREATE MATERIALIZED VIEW IF NOT EXISTS {db}.rollups_touched_feed TO {db}.rollups_touched
(
    grouping LowCardinality(String) COMMENT 'By what the row is grouped: the name of a list of dimensions',
    span_s UInt32 COMMENT 'Length of the span in seconds: 3600 or 86400',
    span_start DateTime('UTC') COMMENT 'Start of the span, event time',
    touched UInt64 COMMENT 'Grows with every insert of rows',
    people UInt8 COMMENT '1 when a row is about somebody',
    touched_at DateTime('UTC') COMMENT 'When rows were last stored'
)
AS SELECT grouping, span_s, toDateTime(intDiv(toUnixTimestamp(hour), span_s) * span_s, 'UTC') AS span_start, any(17179869184 + rand64() % 17179869184) AS touched, max(named) AS people, now('UTC') AS touched_at FROM (SELECT grouping, toStartOfHour(pane_start) AS hour, max(annotator != '' OR reviewer != '') AS named FROM {db}.rollups GROUP BY grouping, hour) ARRAY JOIN [3600, 86400] AS span_s GROUP BY grouping, span_s, span_start;

ALTER TABLE {db}.rollups_touched_feed MODIFY COMMENT 'Notes the hours and days of which rows are stored in rollups';

INSERT INTO {db}.rollups_touched (grouping, span_s, span_start, touched, people, touched_at)
SELECT grouping, span_s, toDateTime(intDiv(toUnixTimestamp(hour), span_s) * span_s, 'UTC') AS span_start, any(17179869184 + rand64() % 17179869184) AS touched, max(named) AS people, now('UTC') AS touched_at FROM (SELECT grouping, toStartOfHour(pane_start) AS hour, max(annotator != '' OR reviewer != '') AS named FROM {db}.rollups GROUP BY grouping, hour) ARRAY JOIN [3600, 86400] AS span_s GROUP BY grouping, span_s, span_start;
