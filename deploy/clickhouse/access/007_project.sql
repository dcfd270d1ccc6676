-- One project only, as for its client: `watchfloor access apply --project ORG/PROJECT`. Its users
-- get this role instead of ops_analyst; those of several projects get several.
-- Views with a definer know no project, so they are not for these roles.

CREATE ROLE IF NOT EXISTS {role} SETTINGS PROFILE 'ops_reading';
GRANT SELECT ON {db}.{view} TO {role};
REVOKE SELECT ON {db}.{whole_view} FROM {role};
GRANT SELECT({open_columns}) ON {db}.{table} TO {role};
GRANT dictGet ON {db}.dict_names TO {role};
CREATE ROW POLICY OR REPLACE {role}_{table} ON {db}.{table} USING {project_rows} TO {role};
