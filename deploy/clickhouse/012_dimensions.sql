-- What the floor's ids stand for, from files: `watchfloor dims load`. Each table is swapped whole.
-- A row holds on the days from valid_from up to before valid_to; '' in a key means any, or none.

CREATE TABLE IF NOT EXISTS {db}.dim_names
(
    kind LowCardinality(String) COMMENT 'Which dimension the id is of: org, project, queue, team, site, ...',
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform, where ids of two platforms differ; else empty',
    project LowCardinality(String) COMMENT 'Project that a queue or label belongs to; else empty',
    id String COMMENT 'The id, as events carry it',
    valid_from Date COMMENT 'First day on which it holds',
    valid_to Date COMMENT 'First day on which it does not hold any more; 2149-06-06 is open',
    name String COMMENT 'Name to show'
)
ENGINE = MergeTree ORDER BY (kind, org, source, project, id, valid_from)
COMMENT 'Names to show for ids; written by `watchfloor dims load`';

CREATE TABLE IF NOT EXISTS {db}.dim_teams
(
    org LowCardinality(String) COMMENT 'Organisation',
    team LowCardinality(String) COMMENT 'Team, as events carry it',
    valid_from Date COMMENT 'First day on which it holds',
    valid_to Date COMMENT 'First day on which it does not hold any more; 2149-06-06 is open',
    name String COMMENT 'Name to show',
    site LowCardinality(String) COMMENT 'Site where the team works; empty: unknown',
    vendor LowCardinality(String) COMMENT 'Who employs the team; empty: unknown'
)
ENGINE = MergeTree ORDER BY (org, team, valid_from)
COMMENT 'Teams, where they sit and who employs them; written by `watchfloor dims load`';

CREATE TABLE IF NOT EXISTS {db}.dim_sites
(
    org LowCardinality(String) COMMENT 'Organisation; empty: any',
    site LowCardinality(String) COMMENT 'Site, as events carry it',
    valid_from Date COMMENT 'First day on which it holds',
    valid_to Date COMMENT 'First day on which it does not hold any more; 2149-06-06 is open',
    name String COMMENT 'Name to show',
    zone LowCardinality(String) COMMENT 'IANA time zone'
)
ENGINE = MergeTree ORDER BY (org, site, valid_from)
COMMENT 'Sites and their time zones; written by `watchfloor dims load`';

CREATE TABLE IF NOT EXISTS {db}.dim_targets
(
    metric LowCardinality(String) COMMENT 'Which metric; see metric_definitions',
    org LowCardinality(String) COMMENT 'Organisation; empty: any',
    source LowCardinality(String) COMMENT 'Platform; empty: any',
    project LowCardinality(String) COMMENT 'Project; empty: any',
    queue LowCardinality(String) COMMENT 'Queue; empty: any',
    team LowCardinality(String) COMMENT 'Team; empty: any',
    site LowCardinality(String) COMMENT 'Site; empty: any',
    vendor LowCardinality(String) COMMENT 'Vendor; empty: any',
    language LowCardinality(String) COMMENT 'Language; empty: any',
    stage LowCardinality(String) COMMENT 'Stage; empty: any',
    priority LowCardinality(String) COMMENT 'Priority; empty: any',
    severity LowCardinality(String) COMMENT 'Severity; empty: any',
    category LowCardinality(String) COMMENT 'Category; empty: any',
    guideline LowCardinality(String) COMMENT 'Guideline; empty: any',
    annotator String COMMENT 'Pseudonym of an annotator; empty: any',
    reviewer String COMMENT 'Pseudonym of a reviewer; empty: any',
    label LowCardinality(String) COMMENT 'Label; empty: any',
    valid_from Date COMMENT 'First day on which it holds',
    valid_to Date COMMENT 'First day on which it does not hold any more; 2149-06-06 is open',
    value Float64 COMMENT 'What was agreed, in the unit of the metric',
    warn Nullable(Float64) COMMENT 'Beyond it the target is missed by far; NULL: none',
    note String COMMENT 'Where it was agreed'
)
ENGINE = MergeTree
ORDER BY (metric, org, source, project, queue, team, site, vendor, language, stage, priority, severity, category, guideline, annotator, reviewer, label, valid_from)
COMMENT 'Agreed values; of those that fit, the one with the most dimensions holds. Written by `watchfloor dims load`';

CREATE TABLE IF NOT EXISTS {db}.dim_cost_rates
(
    org LowCardinality(String) COMMENT 'Organisation',
    source LowCardinality(String) COMMENT 'Platform; empty: any',
    project LowCardinality(String) COMMENT 'Project; empty: any',
    vendor LowCardinality(String) COMMENT 'Vendor; empty: any',
    team LowCardinality(String) COMMENT 'Team; empty: any',
    valid_from Date COMMENT 'First day on which it holds',
    valid_to Date COMMENT 'First day on which it does not hold any more; 2149-06-06 is open',
    cost_per_hour Decimal(18, 4) COMMENT 'What an hour of work costs',
    currency LowCardinality(String) COMMENT 'ISO 4217 code; costs of two currencies are never added'
)
ENGINE = MergeTree ORDER BY (org, source, project, vendor, team, valid_from)
COMMENT 'What an hour costs; of those that fit, the one with the fewest empty fields holds. Written by `watchfloor dims load`';

CREATE TABLE IF NOT EXISTS {db}.dim_loads
(
    dimension LowCardinality(String) COMMENT 'Which table, without dim_',
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was swapped, wall clock',
    rows UInt64 COMMENT 'Rows that it has had since',
    files Array(String) COMMENT 'Names of the files'
)
ENGINE = MergeTree ORDER BY (dimension, loaded_at)
COMMENT 'What was loaded when';

CREATE OR REPLACE DICTIONARY {db}.dict_names
(
    kind String, org String, source String, project String, id String,
    valid_from Date, last_day Date, name String
)
PRIMARY KEY kind, org, source, project, id
SOURCE(CLICKHOUSE(QUERY 'SELECT kind, org, source, project, id, valid_from, valid_to - 1 AS last_day, name FROM {db}.dim_names'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED()) RANGE(MIN valid_from MAX last_day) LIFETIME(300)
COMMENT 'dictGet(''dict_names'', ''name'', (kind, org, source, project, id), day)';

CREATE OR REPLACE DICTIONARY {db}.dict_teams
(
    org String, team String, valid_from Date, last_day Date, name String, site String, vendor String
)
PRIMARY KEY org, team
SOURCE(CLICKHOUSE(QUERY 'SELECT org, team, valid_from, valid_to - 1 AS last_day, name, site, vendor FROM {db}.dim_teams'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED()) RANGE(MIN valid_from MAX last_day) LIFETIME(300)
COMMENT 'dictGet(''dict_teams'', ''name'' or ''site'' or ''vendor'', (org, team), day)';

CREATE OR REPLACE DICTIONARY {db}.dict_sites
(
    org String, site String, valid_from Date, last_day Date, name String, zone String
)
PRIMARY KEY org, site
SOURCE(CLICKHOUSE(QUERY 'SELECT org, site, valid_from, valid_to - 1 AS last_day, name, zone FROM {db}.dim_sites'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED()) RANGE(MIN valid_from MAX last_day) LIFETIME(300)
COMMENT 'dictGet(''dict_sites'', ''name'' or ''zone'', (org, site), day)';

CREATE OR REPLACE DICTIONARY {db}.dict_cost_rates
(
    org String, source String, project String, vendor String, team String,
    valid_from Date, last_day Date, cost_per_hour Decimal(18, 4), currency String
)
PRIMARY KEY org, source, project, vendor, team
SOURCE(CLICKHOUSE(QUERY 'SELECT org, source, project, vendor, team, valid_from, valid_to - 1 AS last_day, cost_per_hour, currency FROM {db}.dim_cost_rates'))
LAYOUT(COMPLEX_KEY_RANGE_HASHED()) RANGE(MIN valid_from MAX last_day) LIFETIME(300)
COMMENT 'dictGet(''dict_cost_rates'', ''cost_per_hour'', (org, source, project, vendor, team), day); exact keys, see dim_cost_rates';
