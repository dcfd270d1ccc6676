-- Three views tell of more rows than their reader may see, and nothing about them: which event types
-- ever came, and how many people worked. `watchfloor setup` makes views anew: apply this after it.

GRANT SELECT ON {db}.rollups TO ops_definer;
GRANT SELECT ON {db}.rollups_history TO ops_definer;
GRANT SELECT ON {db}.rollups_spans TO ops_definer;
GRANT SELECT ON {db}.rollups_touched TO ops_definer;
GRANT SELECT ON {db}.items TO ops_definer;
CREATE ROW POLICY OR REPLACE ops_definer_{table} ON {db}.{table} USING 1 TO ops_definer;
ALTER TABLE {db}.seen_events MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.seen_events_as_of MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.group_sizes MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
