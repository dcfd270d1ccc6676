-- `watchfloor deliver` and `people load`: rows in, and of what is there only what they look at.
-- `watchfloor setup`, `dims load` and `people forget` change tables: run them as an administrator.

GRANT INSERT ON {db}.* TO ops_writer;
GRANT SELECT ON {db}.items TO ops_writer;
GRANT SELECT ON {db}.rollups TO ops_writer;
GRANT SELECT ON {db}.rollups_touched TO ops_writer;
GRANT SELECT ON {db}.alert_log TO ops_writer;
GRANT SELECT ON {db}.schema_migrations TO ops_writer;
CREATE ROW POLICY OR REPLACE ops_writer_{table} ON {db}.{table} USING 1 TO ops_writer;
