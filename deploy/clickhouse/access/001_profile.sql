-- Limits of everybody who reads. Not plain readonly=1, which refuses the settings that Grafana and
-- clickhouse-connect send: these may be changed, within limits.

CREATE SETTINGS PROFILE OR REPLACE ops_reading SETTINGS
    readonly = 1,
    max_execution_time = 30 MIN 0 MAX 300 CHANGEABLE_IN_READONLY,
    max_block_size = 65409 CHANGEABLE_IN_READONLY,
    max_result_rows = 1000000 MIN 1 MAX 10000000 CHANGEABLE_IN_READONLY,
    wait_end_of_query = 0 CHANGEABLE_IN_READONLY,
    date_time_input_format = 'basic' CHANGEABLE_IN_READONLY,
    output_format_json_quote_64bit_integers = 0 CHANGEABLE_IN_READONLY,
    max_memory_usage = 8000000000,
    max_bytes_before_external_group_by = 4000000000,
    max_rows_to_read = 2000000000;

CREATE SETTINGS PROFILE OR REPLACE ops_writing SETTINGS async_insert = 0 CONST;
