"""Rows without their revisions, as ClickHouse has them and as the core said them offline."""

from collections.abc import Iterable, Mapping
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.groupings import DEFAULT_GROUPINGS
from schemas.measures import BIN_BITS, MEASURES, Kind, Tally
from schemas.rows import RollupRow
from sinks.rows import TARGETS, RowKind
from streams.core.engine import Found

#: (grouping, values of its dimensions, start of the pane in UTC ms, its length in s)
PaneAt = tuple[str, tuple[str, ...], int, int]
Panes = dict[PaneAt, Tally]
Rows = list[tuple[Any, ...]]

DIMENSIONS_OF = {grouping.name: grouping.dimensions for grouping in DEFAULT_GROUPINGS}


def panes_in_clickhouse(client: Client) -> Panes:
    """Every pane with anything in it."""
    panes: Panes = {}
    with client.query_row_block_stream("SELECT * FROM rollups FINAL") as stream:
        names = stream.source.column_names
        for block in stream:
            for values in block:
                row = dict(zip(names, values, strict=True))
                tally = tally_of(row)
                if tally:
                    panes[_place(row)] = tally
    return panes


def _place(row: Mapping[str, Any]) -> PaneAt:
    dims = tuple(row[name] for name in DIMENSIONS_OF[row["grouping"]])
    return row["grouping"], dims, int(row["pane_start"].timestamp() * 1000), row["pane_s"]


def tally_of(row: Mapping[str, Any]) -> Tally:
    """The measures of a row of SQL, zeros left out."""
    tally: Tally = {}
    for measure in MEASURES:
        if measure.kind is Kind.COUNTER:
            tally[measure.key] = int(row[measure.name])
        else:
            bins = row[measure.name].items()
            tally.update({measure.id << BIN_BITS | int(at): int(n) for at, n in bins})
    return {key: n for key, n in tally.items() if n}


def panes_offline(rows: Iterable[RollupRow]) -> Panes:
    """The same from what the core said."""
    panes: Panes = {}
    for row in rows:
        tally = {key: n for key, n in row.tally.items() if n}
        if tally:
            at = (row.grouping, tuple(row.dims.values()), row.pane_start_ms, row.pane_s)
            panes[at] = tally
    return panes


def rows_in_clickhouse(client: Client, kind: RowKind) -> Rows:
    """All rows of another table, sorted; times in UTC ms."""
    columns = [
        f"toUnixTimestamp64Milli({name})" if "DateTime64" in type_ else name
        for name, type_ in TARGETS[kind].written
        if name != "revision"
    ]
    found = client.query(f"SELECT {', '.join(columns)} FROM {kind} FINAL").result_rows
    return _sorted(found)


def rows_offline(found: Found, kind: RowKind) -> Rows:
    """The same from what the core said."""
    given = {
        "items": found.items.values(),
        "labels": found.labels.values(),
        "dead_letters": [letter.to_row() for letter in found.dead],
    }[kind]
    batch = TARGETS[kind].batch(list(given))
    kept = [
        column
        for name, column in zip(batch.names, batch.columns, strict=True)
        if name != "revision"
    ]
    return _sorted(zip(*kept, strict=True))


def _sorted(rows: Iterable[Iterable[Any]]) -> Rows:
    plain = (tuple(list(v) if isinstance(v, tuple) else v for v in row) for row in rows)
    return sorted(plain, key=repr)


def differences(one: Panes, other: Panes) -> list[tuple[PaneAt, Tally | None, Tally | None]]:
    """The panes that are not alike, for a message that can be read."""
    places = sorted(at for at in one.keys() | other.keys() if one.get(at) != other.get(at))
    return [(at, one.get(at), other.get(at)) for at in places]
