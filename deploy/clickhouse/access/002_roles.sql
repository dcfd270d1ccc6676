-- Who somebody is: give users one of these, and nobody ops_definer.

CREATE ROLE IF NOT EXISTS ops_writer SETTINGS PROFILE 'ops_writing';
CREATE ROLE IF NOT EXISTS ops_analyst SETTINGS PROFILE 'ops_reading';
CREATE ROLE IF NOT EXISTS ops_grafana SETTINGS PROFILE 'ops_reading';
CREATE ROLE IF NOT EXISTS ops_people SETTINGS PROFILE 'ops_reading';
CREATE USER IF NOT EXISTS ops_definer IDENTIFIED WITH no_password HOST NONE;

CREATE QUOTA OR REPLACE ops_reading KEYED BY user_name
    FOR INTERVAL 1 minute MAX queries = 1200, execution_time = 600, read_rows = 20000000000
    TO ops_analyst, ops_grafana, ops_people;
