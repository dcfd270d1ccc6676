-- Everything but persons. Of tables with a grouping the rows of persons are hidden, of others the
-- columns that name them. Statements with {table} are repeated for each there is, those with {view}
-- for each view that is not about persons only: those are in 005.

GRANT SELECT ON {db}.{view} TO ops_analyst, ops_grafana;
GRANT SELECT({open_columns}) ON {db}.{table} TO ops_analyst, ops_grafana;
GRANT dictGet ON {db}.* TO ops_analyst, ops_grafana;
CREATE ROW POLICY OR REPLACE ops_reading_{table} ON {db}.{table} USING {open_rows} TO ops_analyst, ops_grafana;
