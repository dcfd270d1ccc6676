"""A person out of ClickHouse: every text of every table is searched, whatever the table is.

A row whose sorting key names the person goes. Where only other columns do, the row stays, for it is
about something else, and the name in it goes. An alert about the person goes with all its notices.
"""

import time
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from sinks.ddl import quoted

_POLL_S = 0.1


class ForgettingFailed(Exception):
    """A table could not be rewritten; the text says why."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may hold text."""

    name: str
    type: str
    in_key: bool

    def names(self, person: str) -> str:
        """The condition that the column names a person."""
        return f"position(toString(`{self.name}`), {quoted(person)}) > 0"

    def without(self, person: str) -> str:
        """The column's value without the name."""
        name = quoted(person)
        if self.type.startswith("Map("):
            return f"mapApply((k, v) -> (k, replaceAll(v, {name}, '')), `{self.name}`)"
        if self.type.startswith("Array("):
            return f"arrayMap(it -> replaceAll(it, {name}, ''), `{self.name}`)"
        return f"replaceAll(`{self.name}`, {name}, '')"


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a table that name the person, stale versions included."""

    table: str
    rows: int


def search(client: Client, database: str, person: str) -> list[Held]:
    """Every table, and how many of its rows name the person."""
    found = []
    for table, columns in _tables(client, database).items():
        anywhere = " OR ".join(column.names(person) for column in columns)
        ((rows,),) = client.query(f"SELECT countIf({anywhere}) FROM {database}.{table}").result_rows
        found.append(Held(table, rows))
    return found


def forget(client: Client, database: str, person: str) -> None:
    """Remove the person; done when all parts were rewritten. Again, it changes nothing more."""
    tables = _tables(client, database)
    for held in search(client, database, person):
        if not held.rows:
            continue
        place, columns = f"{database}.{held.table}", tables[held.table]
        if held.table == "alert_log":
            about = f"has(mapValues(labels), {quoted(person)})"
            theirs = f"SELECT fingerprint FROM {place} WHERE fingerprint != '' AND {about}"
            _change(client, place, f"DELETE WHERE fingerprint IN ({theirs})")
        keys = [column.names(person) for column in columns if column.in_key]
        if keys:
            _change(client, place, f"DELETE WHERE {' OR '.join(keys)}")
        for column in [column for column in columns if not column.in_key]:
            where = column.names(person)
            if client.query(f"SELECT 1 FROM {place} WHERE {where} LIMIT 1").result_rows:
                change = f"`{column.name}` = {column.without(person)}"
                _change(client, place, f"UPDATE {change} WHERE {where}")


def _change(client: Client, place: str, change: str) -> None:
    """Rewrite a table's parts, however long that takes: no answer is waited for so long."""
    client.command(f"ALTER TABLE {place} {change}", settings={"mutations_sync": 0})
    database, _, table = place.partition(".")
    given = {"db": database, "table": table}
    while True:
        ((running, why),) = client.query(
            "SELECT count(), any(latest_fail_reason) FROM system.mutations "
            "WHERE database = {db:String} AND table = {table:String} AND NOT is_done",
            parameters=given,
        ).result_rows
        if why:
            raise ForgettingFailed(f"{place} could not be rewritten: {why}")
        if not running:
            return
        time.sleep(_POLL_S)


def _tables(client: Client, database: str) -> dict[str, list[Column]]:
    """The columns of all tables that may hold text."""
    rows = client.query(
        "SELECT table, name, type, is_in_sorting_key OR is_in_partition_key FROM system.columns "
        "WHERE database = {db:String} AND type LIKE '%String%' AND table IN ("
        "SELECT name FROM system.tables WHERE database = {db:String} AND engine LIKE '%MergeTree')"
        " ORDER BY table, position",
        parameters={"db": database},
    ).result_rows
    found: dict[str, list[Column]] = {}
    for table, name, kind, in_key in rows:
        if not kind.startswith("FixedString"):
            found.setdefault(table, []).append(Column(name, kind, bool(in_key)))
    return found
