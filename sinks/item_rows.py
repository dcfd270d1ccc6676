"""One item as ClickHouse has it: its rows, and the panes that it is said to be in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.groupings import DIMENSIONS
from schemas.rows import UNKNOWN_PARTS

Row = TypeVar("Row", bound=msgspec.Struct)
Identity = tuple[str, str, str]
Table = Literal["items", "labels", "sla_ledger"]

_ORDER: dict[Table, str] = {
    "items": "org, source, project",
    "labels": "occurred_at, event_id, label",
    "sla_ledger": "policy, seq",
}
#: Panes asked for at once.
_PANES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PaneKey:
    """A row of the rollups: its subject, its start (UTC ms) and its length."""

    grouping: str
    dims: Mapping[str, str]
    start_ms: int
    size_s: int

    @property
    def values(self) -> tuple[str | int, ...]:
        """The sorting key's values."""
        dims = (self.dims.get(name, "") for name in DIMENSIONS)
        return (self.grouping, *dims, self.start_ms // 1000, self.size_s)


def rows_of(
    client: Client, database: str, table: Table, item_id: str, identity: Identity | None = None
) -> list[dict[str, Any]]:
    """The true rows of a table about an item, or about all items with that id."""
    place = ""
    asked: dict[str, Any] = {"item": item_id}
    if identity is not None:
        place = "AND org = {org:String} AND source = {source:String} AND project = {project:String}"
        asked |= dict(zip(("org", "source", "project"), identity, strict=True))
    query = (
        f"SELECT * EXCEPT emitted_at FROM {database}.{table} FINAL "
        f"WHERE item_id = {{item:String}} {place} ORDER BY {_ORDER[table]}"
    )
    return list(client.query(query, parameters=asked).named_results())


def missing(client: Client, database: str, wanted: Sequence[PaneKey]) -> list[PaneKey]:
    """Those of the panes that have no row."""
    stored = set(_stored(client, database, wanted))
    return [pane for pane in wanted if pane.values not in stored]


def _stored(
    client: Client, database: str, wanted: Sequence[PaneKey]
) -> Iterator[tuple[str | int, ...]]:
    columns = f"grouping, {', '.join(DIMENSIONS)}, toUnixTimestamp(pane_start), pane_s"
    for at in range(0, len(wanted), _PANES_AT_ONCE):
        panes = wanted[at : at + _PANES_AT_ONCE]
        starts = sorted({pane.start_ms // 1000 for pane in panes})
        query = (
            f"SELECT DISTINCT {columns} FROM {database}.rollups WHERE grouping IN {{names:Array("
            f"String)}} AND pane_start IN ({', '.join(map(str, starts))})"
        )
        names = sorted({pane.grouping for pane in panes})
        yield from map(tuple, client.query(query, parameters={"names": names}).result_rows)


def as_row(kind: type[Row], stored: Mapping[str, Any]) -> Row:
    """A stored row as the stream said it: times in UTC ms."""
    fields: dict[str, Any] = {}
    for column, value in stored.items():
        name = "at_ms" if column == "at" else column.removesuffix("_at") + "_ms"
        if column == "at" or column.endswith("_at"):
            fields[name] = None if value is None else unix_ms(value)
        elif column == "parts":
            fields[column] = msgspec.Raw(value.encode()) if value else UNKNOWN_PARTS
        elif column == "burned":
            # The driver names the parts of a tuple.
            fields[column] = [tuple(each.values()) for each in value]
        else:
            fields[column] = value
    return msgspec.convert(fields, kind, strict=False)


def unix_ms(value: datetime) -> int:
    """UTC ms of what the driver gives for a time: without a zone it is UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
