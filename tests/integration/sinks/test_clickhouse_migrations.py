"""Migrations: each once, forward only, and the tables are what the code writes."""

import secrets
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client

from schemas.measures import MEASURES
from sinks import ddl, migrations, views
from sinks.migrations import MigrationChanged
from sinks.rows import TARGETS


def _columns(client: Client, database: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Type and comment of every column, by table and name."""
    rows = client.query(
        f"SELECT table, name, type, comment FROM system.columns WHERE database = '{database}'"
    ).result_rows
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    for table, name, kind, comment in rows:
        tables.setdefault(table, {})[name] = (kind, comment)
    return tables


def test_a_second_run_applies_nothing(client: Client, database: str) -> None:
    assert migrations.migrate(client, database) == []


def test_every_statement_can_be_run_twice(client: Client, database: str) -> None:
    for migration in migrations.load():
        for statement in migration.statements(database):
            client.command(statement)


def test_a_changed_file_is_refused(client: Client, database: str) -> None:
    first, *others = migrations.load()
    changed = replace(first, text=first.text + "-- one more line\n")
    with pytest.raises(MigrationChanged):
        migrations.migrate(client, database, [changed, *others])


def test_a_file_that_is_gone_is_refused(client: Client, database: str) -> None:
    with pytest.raises(MigrationChanged):
        migrations.migrate(client, database, migrations.load()[:-1])


def test_a_new_file_is_applied_once(client: Client) -> None:
    name = f"ops_test_{secrets.token_hex(4)}"
    known = migrations.load()
    migrations.migrate(client, name)
    number = known[-1].number + 1
    added = migrations.Migration(
        number, "more", "ALTER TABLE {db}.items ADD COLUMN IF NOT EXISTS more UInt8;\n"
    )
    assert migrations.migrate(client, name, [*known, added]) == [f"{number:03d}_more"]
    assert migrations.migrate(client, name, [*known, added]) == []
    client.command(f"DROP DATABASE {name}")


def test_a_database_with_an_odd_name_is_refused(client: Client) -> None:
    with pytest.raises(ValueError, match="not a database name"):
        migrations.migrate(client, "ops; DROP DATABASE ops")


def test_the_tables_have_the_columns_that_are_written(client: Client, database: str) -> None:
    tables = _columns(client, database)
    for name, target in TARGETS.items():
        types = {column: kind for column, (kind, _) in tables[name].items()}
        assert dict(target.written).items() <= types.items()
        ours = {"parts_from", "parts_to"} if name == "items" else set()
        assert types.keys() - dict(target.written).keys() == {"emitted_at", *ours}


def test_every_measure_has_its_column_and_comment(client: Client, database: str) -> None:
    rollups = _columns(client, database)["rollups"]
    # What is missing belongs in a new numbered migration, as these very statements.
    assert ddl.missing_columns(rollups) == []
    for measure in MEASURES:
        assert rollups[measure.name][1] == measure.comment


def test_every_table_view_and_column_says_what_it_is(client: Client, database: str) -> None:
    silent = client.query(
        f"SELECT name FROM system.tables WHERE database = '{database}' AND comment = ''"
    ).result_rows
    assert silent == []
    for table, columns in _columns(client, database).items():
        if table.startswith("dict_"):
            continue  # The language has no comments on attributes; their table has them.
        assert [f"{table}.{name}" for name, (_, comment) in columns.items() if not comment] == []


def test_the_directory_of_people_is_read_by_no_view(database: str) -> None:
    assert all("people_directory" not in statement for statement in views.statements(database))
