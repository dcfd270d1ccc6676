"""Dimensions in ClickHouse: a table is swapped whole, so nobody ever reads a half of it."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client

from sinks.dimensions import ALL, Dimension
from sinks.dimensions_rows import Row

_SETTINGS = {"async_insert": 0}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A dimension as it is stored now; ``loaded_at`` is None before the first load."""

    name: str
    rows: int
    valid_today: int
    loaded_at: datetime | None
    files: tuple[str, ...]


def load(
    client: Client,
    database: str,
    found: Mapping[str, Sequence[Row]],
    files: Mapping[str, Sequence[str]],
) -> dict[str, bool]:
    """Make these rows the content of their tables; for each whether it changed anything.

    ``files`` are the names of those that each dimension came from. Everything is stored aside
    first: what can fail has failed before the first swap.
    """
    _clear_up(client, database)
    changed = {
        name: list(rows) != stored(client, database, ALL[name]) for name, rows in found.items()
    }
    with contextlib.ExitStack() as asides:
        ready = [
            (ALL[name], asides.enter_context(_aside(client, database, ALL[name], rows)), len(rows))
            for name, rows in found.items()
            if changed[name]
        ]
        for dimension, aside, count in ready:
            client.command(
                f"ALTER TABLE {database}.{dimension.table} REPLACE PARTITION tuple() FROM {aside}"
            )
            client.insert(
                "dim_loads",
                [(dimension.name, count, list(files[dimension.name]))],
                column_names=("dimension", "rows", "files"),
                database=database,
                settings=_SETTINGS,
            )
            if dimension.dictionary is not None:
                client.command(f"SYSTEM RELOAD DICTIONARY {database}.{dimension.dictionary}")
    return changed


@contextlib.contextmanager
def _aside(
    client: Client, database: str, dimension: Dimension, rows: Sequence[Row]
) -> Iterator[str]:
    """A table like the dimension's that holds the rows, for as long as it is needed."""
    name = f"{database}.{dimension.table}_{secrets.token_hex(4)}"
    client.command(f"CREATE TABLE {name} AS {database}.{dimension.table}")
    try:
        client.insert(
            name,
            rows,
            column_names=[column.name for column in dimension.columns],
            column_type_names=[column.type for column in dimension.columns],
            settings=_SETTINGS,
        )
        yield name
    finally:
        client.command(f"DROP TABLE IF EXISTS {name}")


def _clear_up(client: Client, database: str) -> None:
    """Drop what a load that was killed left aside."""
    names = client.query(
        "SELECT name FROM system.tables WHERE database = {db:String} "
        "AND match(name, '^dim_.*_[0-9a-f]{8}$') "
        "AND metadata_modification_time < now() - INTERVAL 1 HOUR",
        parameters={"db": database},
    ).result_columns
    for name in names[0] if names else ():
        client.command(f"DROP TABLE IF EXISTS {database}.{name}")


def stored(client: Client, database: str, dimension: Dimension) -> list[Row]:
    """All rows of a dimension, in the order of its key."""
    columns = ", ".join(column.name for column in dimension.columns)
    order = ", ".join([*(column.name for column in dimension.key), "valid_from"])
    question = f"SELECT {columns} FROM {database}.{dimension.table} ORDER BY {order}"
    return [tuple(row) for row in client.query(question).result_rows]


def overview(client: Client, database: str) -> list[Loaded]:
    """What is stored of each dimension."""
    found = []
    for dimension in ALL.values():
        ((rows, today),) = client.query(
            "SELECT count(), countIf(valid_from <= today() AND today() < valid_to) "
            f"FROM {database}.{dimension.table}"
        ).result_rows
        last = client.query(
            f"SELECT loaded_at, files FROM {database}.dim_loads "
            "WHERE dimension = {name:String} ORDER BY loaded_at DESC LIMIT 1",
            parameters={"name": dimension.name},
        ).result_rows
        at, files = last[0] if last else (None, ())
        found.append(Loaded(dimension.name, rows, today, at, tuple(files)))
    return found
