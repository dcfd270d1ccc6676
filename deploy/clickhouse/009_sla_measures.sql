-- Made by sinks.ddl.missing_columns from schemas/measures.py.

ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_activated Int64 COMMENT 'SLA clocks started, anew after a reset included';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_at_risk Int64 COMMENT 'SLA clocks that came at risk';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_breached Int64 COMMENT 'SLA clocks that ran at their deadline, counted there';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_breached_cancelled Int64 COMMENT 'of these, cancelled later; counted at the deadline';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_fulfilled Int64 COMMENT 'SLA clocks stopped in time';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_fulfilled_late Int64 COMMENT 'SLA clocks stopped after their breach';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_cancelled Int64 COMMENT 'SLA clocks cancelled by their policy\'s condition';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_superseded Int64 COMMENT 'SLA clocks ended by a reset, another claim or a new version';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_overdue_ms Int64 COMMENT 'ms beyond the target of clocks stopped late';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_elapsed_ms Int64 COMMENT 'ms that SLA clocks ran, told when they pause or end';
ALTER TABLE {db}.rollups ADD COLUMN IF NOT EXISTS sla_paused_ms Int64 COMMENT 'ms that SLA clocks were paused, told when they go on or end';
