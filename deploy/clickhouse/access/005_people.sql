-- Persons (the views people, people_by_queue and pair_agreement are for this role alone), and who
-- they are. Tell those who get this role what it means.

GRANT SELECT ON {db}.* TO ops_people;
GRANT dictGet ON {db}.* TO ops_people;
CREATE ROW POLICY OR REPLACE ops_people_{table} ON {db}.{table} USING 1 TO ops_people;
