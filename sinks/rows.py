"""Rows as ClickHouse takes them: columns of plain values, with their types declared once.

A row that does not fit (a measure or dimension that this version does not know, a time before
1970) raises ``SinkRefused``; the sink then finds the guilty row by halves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from schemas import rows
from schemas.groupings import DIMENSIONS
from schemas.measures import BIN_BITS, BIN_MASK, BY_ID, MEASURES, Kind
from sinks.errors import SinkRefused

RowKind = Literal["rollups", "items", "labels", "dead_letters"]
Columns = list[list[Any]]

COUNTER_TYPE = "Int64"
HISTOGRAM_TYPE = "Map(UInt16, Int64)"
_NAME = "LowCardinality(String)"
_ID = "String"
_TIME = "DateTime64(3, 'UTC')"
_TIME_OR_NULL = "Nullable(DateTime64(3, 'UTC'))"

#: Dimensions with as many values as there are people; the others have few.
_PEOPLE = frozenset({"annotator", "reviewer"})


@dataclass(frozen=True, slots=True)
class Target:
    """A table, the columns that we insert with their types, and how rows become columns."""

    table: RowKind
    row: type[msgspec.Struct]
    names: tuple[str, ...]
    types: tuple[str, ...]
    columns: Callable[[Sequence[Any]], Columns]


def dimension_type(name: str) -> str:
    """The column type of a dimension."""
    return _ID if name in _PEOPLE else _NAME


def measure_type(kind: Kind) -> str:
    """The column type of a measure."""
    return COUNTER_TYPE if kind is Kind.COUNTER else HISTOGRAM_TYPE


ROLLUP_KEY: tuple[tuple[str, str], ...] = (
    ("grouping", _NAME),
    *((name, dimension_type(name)) for name in DIMENSIONS),
    ("pane_start", "DateTime('UTC')"),
    ("pane_s", "UInt16"),
)
ROLLUP_COLUMNS: tuple[tuple[str, str], ...] = (
    *ROLLUP_KEY,
    ("revision", "UInt64"),
    *((measure.name, measure_type(measure.kind)) for measure in MEASURES),
)
_FIRST_MEASURE = len(ROLLUP_KEY) + 1
_MEASURE_AT = {measure.id: _FIRST_MEASURE + i for i, measure in enumerate(MEASURES)}


def _rollup_columns(batch: Sequence[rows.RollupRow]) -> Columns:
    """One list for each of ``ROLLUP_COLUMNS``; measures that a row does not have are 0."""
    columns: Columns = [
        [row.grouping for row in batch],
        *([row.dims.get(name, "") for row in batch] for name in DIMENSIONS),
        [row.pane_start_ms // 1000 for row in batch],
        [row.pane_s for row in batch],
        [row.revision for row in batch],
    ]
    for measure in MEASURES:
        if measure.kind is Kind.COUNTER:
            columns.append([0] * len(batch))
        else:
            columns.append([{} for _ in batch])
    for at, row in enumerate(batch):
        if not row.dims.keys() <= set(DIMENSIONS):
            raise SinkRefused("unknown_dimension")
        for flat, n in row.tally.items():
            _place(columns, at, int(flat), n)
    return columns


def _place(columns: Columns, at: int, key: int, n: int) -> None:
    """Put one number of a tally into its column."""
    measure = BY_ID.get(key >> BIN_BITS)
    if measure is None:
        raise SinkRefused("unknown_measure")
    column = columns[_MEASURE_AT[measure.id]]
    if measure.kind is Kind.COUNTER:
        column[at] = n
    else:
        column[at][key & BIN_MASK] = n


def _plain(fields: tuple[str, ...]) -> Callable[[Sequence[Any]], Columns]:
    """Columns that are the rows' fields of these names."""
    return lambda batch: [[getattr(row, field) for row in batch] for field in fields]


_IDENTITY = (("org", _NAME), ("source", _NAME), ("project", _NAME), ("item_id", _ID))
_ITEM_TIMES = (
    "created",
    "queued",
    "first_claimed",
    "last_claimed",
    "started",
    "submitted",
    "reviewed",
    "completed",
    "due",
)
_ITEM_COLUMNS: tuple[tuple[str, str], ...] = (
    *_IDENTITY,
    ("revision", "UInt64"),
    ("state", _NAME),
    ("queue", _NAME),
    ("team", _NAME),
    ("site", _NAME),
    ("annotator", _ID),
    ("reviewer", _ID),
    ("outcome", _NAME),
    ("labels", "Array(LowCardinality(String))"),
    ("attempt", "Nullable(UInt32)"),
    ("claims", "UInt32"),
    ("submissions", "UInt32"),
    ("reviews", "UInt32"),
    ("events", "UInt32"),
    ("handle_ms", "Nullable(Int64)"),
    ("active_ms", "Nullable(Int64)"),
    *((f"{name}_at", _TIME_OR_NULL) for name in _ITEM_TIMES),
)
_LABEL_COLUMNS: tuple[tuple[str, str], ...] = (
    *_IDENTITY,
    ("unit_id", _ID),
    ("annotator", _ID),
    ("label", _NAME),
    ("kind", _NAME),
    ("event_id", _ID),
    ("revision", "UInt64"),
    ("weight", "Int64"),
    ("occurred_at", _TIME),
)
_DEAD_LETTER_COLUMNS: tuple[tuple[str, str], ...] = (
    ("topic", _NAME),
    ("partition", "UInt32"),
    ("offset", "UInt64"),
    ("reason", _NAME),
    ("field", _NAME),
    ("event_type", _NAME),
    ("at", _TIME),
)


def _field_of(column: str) -> str:
    """The row's field behind a column: ``created_at`` is ``created_ms``, others are alike."""
    if column == "at":
        return "at_ms"
    return column.removesuffix("_at") + "_ms" if column.endswith("_at") else column


def _target(
    table: RowKind, row: type[msgspec.Struct], columns: tuple[tuple[str, str], ...]
) -> Target:
    names = tuple(name for name, _ in columns)
    fields = tuple(_field_of(name) for name in names)
    return Target(table, row, names, tuple(kind for _, kind in columns), _plain(fields))


TARGETS: dict[RowKind, Target] = {
    "rollups": Target(
        "rollups",
        rows.RollupRow,
        tuple(name for name, _ in ROLLUP_COLUMNS),
        tuple(kind for _, kind in ROLLUP_COLUMNS),
        _rollup_columns,
    ),
    "items": _target("items", rows.ItemRow, _ITEM_COLUMNS),
    "labels": _target("labels", rows.LabelRow, _LABEL_COLUMNS),
    "dead_letters": _target("dead_letters", rows.DeadLetterRow, _DEAD_LETTER_COLUMNS),
}
