"""What is kept: everything that may name somebody goes by itself, roll-ups of nobody stay."""

import pytest
from clickhouse_connect.driver.client import Client

LONG_AGO = "now64(3) - INTERVAL 3 YEAR"
#: What has no end: roll-ups of nobody, names of things, who is who until forgotten, migrations.
KEPT = {
    "rollups", "rollups_spans", "rollups_touched", "rebuilds", "people_directory",
    "schema_migrations",
}  # fmt: skip


def merged(client: Client, table: str, columns: str, values: str) -> list[tuple[object, ...]]:
    """Rows that were stored long ago, and what merges leave of them."""
    client.command(f"INSERT INTO {table} ({columns}, emitted_at) SELECT {values}, {LONG_AGO}")
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    return [tuple(row) for row in client.query(f"SELECT {columns} FROM {table}").result_rows]


def test_old_roll_ups_stay_unless_they_are_of_persons(client: Client, migrated: str) -> None:
    columns = "grouping, org, annotator, reviewer, pane_s"
    table = f"{migrated}.rollups"
    client.command(f"TRUNCATE TABLE {table}")
    for row in ("'annotator', 'a', 'p_1', '', 60", "'reviewer', 'a', '', 'p_2', 60"):
        assert merged(client, table, columns, row) == []
    assert merged(client, table, columns, "'org', 'a', '', '', 60") == [("org", "a", "", "", 60)]
    client.command(f"INSERT INTO {table} (grouping, annotator, pane_s) VALUES ('x', 'p_1', 60)")
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    assert client.query(f"SELECT count() FROM {table}").result_rows == [(2,)]
    client.command(f"TRUNCATE TABLE {table}")


@pytest.mark.parametrize("table", ["items", "labels", "alert_log", "sla_ledger", "dead_letters"])
def test_what_may_name_somebody_goes(client: Client, migrated: str, table: str) -> None:
    column = {"alert_log": "id", "dead_letters": "topic"}.get(table, "item_id")
    assert merged(client, f"{migrated}.{table}", column, "'x'") == []


def test_every_table_has_an_end_or_is_kept_on_purpose(client: Client, migrated: str) -> None:
    endless = client.query(
        f"SELECT name FROM system.tables WHERE database = '{migrated}' "
        "AND engine LIKE '%MergeTree' AND position(engine_full, ' TTL ') = 0"
    ).result_rows
    names = {name for (name,) in endless if not name.startswith("dim_")}
    assert names <= KEPT
