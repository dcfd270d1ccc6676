-- Some views tell of more rows and columns than their reader may see, and of no person: which event
-- types ever came, how many people worked, how far people agree, which items went to and fro.
-- `watchfloor setup` makes views anew: apply this after it.

GRANT SELECT ON {db}.rollups TO ops_definer;
GRANT SELECT ON {db}.rollups_history TO ops_definer;
GRANT SELECT ON {db}.rollups_spans TO ops_definer;
GRANT SELECT ON {db}.rollups_touched TO ops_definer;
GRANT SELECT ON {db}.items TO ops_definer;
GRANT SELECT ON {db}.labels TO ops_definer;
CREATE ROW POLICY OR REPLACE ops_definer_{table} ON {db}.{table} USING 1 TO ops_definer;
ALTER TABLE {db}.seen_events MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.seen_events_as_of MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.group_sizes MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.agreement MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.label_confusions MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
ALTER TABLE {db}.hard_items MODIFY SQL SECURITY DEFINER DEFINER = ops_definer;
