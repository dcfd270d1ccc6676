"""Rows as ClickHouse takes them: columns of plain values, with their types declared once.

A row that does not fit (a measure or dimension that this version does not know, a time before
1970) raises ``SinkRefused``; the sink then finds the guilty row by halves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from schemas import rows
from schemas.groupings import DIMENSIONS, PERSONS
from schemas.measures import BIN_BITS, BIN_MASK, BY_ID, MEASURES, Kind
from sinks.errors import SinkRefused

RowKind = Literal["rollups", "items", "labels", "dead_letters", "alert_log", "sla_ledger"]

COUNTER_TYPE = "Int64"
HISTOGRAM_TYPE = "Map(UInt16, Int64)"
_NAME = "LowCardinality(String)"
_ID = "String"
_TIME = "DateTime64(3, 'UTC')"
_TIME_OR_NULL = "Nullable(DateTime64(3, 'UTC'))"
_NUMBER_OR_NULL = "Nullable(Float64)"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one INSERT carries: named and typed columns of equal length."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    columns: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """A table, the columns that we write, and how rows become a batch of them."""

    table: RowKind
    written: tuple[tuple[str, str], ...]
    batch: Callable[[Sequence[Any]], Batch]


def dimension_type(name: str) -> str:
    """The column type of a dimension: there are many persons, and few values of the others."""
    return _ID if name in PERSONS else _NAME


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
_TYPES = dict(ROLLUP_COLUMNS)
_DIMENSIONS = frozenset(DIMENSIONS)


def _rollups(given: Sequence[rows.RollupRow]) -> Batch:
    """The key of each row and only those measures that some row has: the rest is 0 by default."""
    if not all(row.dims.keys() <= _DIMENSIONS for row in given):
        raise SinkRefused("unknown_dimension")
    columns: dict[str, list[Any]] = {"grouping": [row.grouping for row in given]}
    for name in dict.fromkeys(name for row in given for name in row.dims):
        columns[name] = [row.dims.get(name, "") for row in given]
    columns["pane_start"] = [row.pane_start_ms // 1000 for row in given]
    columns["pane_s"] = [row.pane_s for row in given]
    columns["revision"] = [row.revision for row in given]
    for at, row in enumerate(given):
        for flat, n in row.tally.items():
            measure = BY_ID.get(flat >> BIN_BITS)
            if measure is None:
                raise SinkRefused("unknown_measure")
            if measure.name not in columns:
                columns[measure.name] = _nothing(measure.kind, len(given))
            if measure.kind is Kind.COUNTER:
                columns[measure.name][at] = n
            else:
                columns[measure.name][at][flat & BIN_MASK] = n
    return Batch(tuple(columns), tuple(_TYPES[name] for name in columns), list(columns.values()))


def _nothing(kind: Kind, length: int) -> list[Any]:
    """A column of a measure that no row has."""
    return [0] * length if kind is Kind.COUNTER else [{} for _ in range(length)]


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
    ("parts", "String"),
)
#: Fields of JSON, which is stored as text.
_JSON = frozenset({"parts"})
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
_ALERT_LOG_COLUMNS: tuple[tuple[str, str], ...] = (
    ("fingerprint", _ID),
    ("starts_at", _TIME),
    ("seq", "UInt32"),
    ("kind", _NAME),
    ("receiver", _NAME),
    ("id", _ID),
    ("what", _NAME),
    ("at", _TIME),
    ("state", _NAME),
    ("outcome", _NAME),
    ("attempts", "UInt32"),
    ("detail", _ID),
    ("rule", _NAME),
    ("rule_version", _ID),
    ("labels", "Map(LowCardinality(String), String)"),
    ("annotations", "Map(LowCardinality(String), String)"),
    ("ends_at", _TIME_OR_NULL),
    ("person", _ID),
    ("note", _ID),
    ("suppressed_by", "Array(String)"),
    ("late", "UInt8"),
    ("metric", _NAME),
    ("window", _NAME),
    ("value", _NUMBER_OR_NULL),
    ("low", _NUMBER_OR_NULL),
    ("high", _NUMBER_OR_NULL),
    ("n", "UInt64"),
    ("threshold", _NUMBER_OR_NULL),
    ("item_ids", "Array(String)"),
    ("sql", _ID),
    ("revision", "UInt64"),
)
_SLA_LEDGER_COLUMNS: tuple[tuple[str, str], ...] = (
    *_IDENTITY,
    ("policy", _NAME),
    ("cycle", "UInt32"),
    ("kind", _NAME),
    ("n", "UInt32"),
    ("revision", "UInt64"),
    ("seq", "UInt32"),
    ("holds", "UInt8"),
    *((name, _NAME) for name in ("contract", "cause", "queue", "team")),
    ("version", "UInt32"),
    ("event_id", _ID),
    *((f"{name}_at", _TIME) for name in ("told", "anchor")),
    ("at", _TIME),
    *((f"{name}_at", _TIME_OR_NULL) for name in ("restated", "deadline")),
    *((f"{name}_ms", "Int64") for name in ("target", "elapsed", "paused")),
    ("breached", "UInt8"),
    ("burned", f"Array(Tuple(state {_NAME}, queue {_NAME}, team {_NAME}, ms Int64))"),
)


def _field_of(column: str) -> str:
    """The row's field behind a column: ``created_at`` is ``created_ms``, others are alike."""
    if column == "at":
        return "at_ms"
    return column.removesuffix("_at") + "_ms" if column.endswith("_at") else column


def _column(given: Sequence[Any], field: str) -> list[Any]:
    """A field of all rows as the driver takes it."""
    values = [getattr(row, field) for row in given]
    return [_text(each) for each in values] if field in _JSON else values


def _text(value: msgspec.Raw) -> str:
    """JSON as text; nothing when it is not known."""
    return "" if value == rows.UNKNOWN_PARTS else bytes(value).decode()


def _target(table: RowKind, written: tuple[tuple[str, str], ...]) -> Target:
    """A table whose columns are the rows' fields."""
    names = tuple(name for name, _ in written)
    types = tuple(kind for _, kind in written)
    fields = [_field_of(name) for name in names]

    def batch(given: Sequence[Any]) -> Batch:
        return Batch(names, types, [_column(given, field) for field in fields])

    return Target(table, written, batch)


TARGETS: dict[RowKind, Target] = {
    "rollups": Target("rollups", ROLLUP_COLUMNS, _rollups),
    "items": _target("items", _ITEM_COLUMNS),
    "labels": _target("labels", _LABEL_COLUMNS),
    "dead_letters": _target("dead_letters", _DEAD_LETTER_COLUMNS),
    "alert_log": _target("alert_log", _ALERT_LOG_COLUMNS),
    "sla_ledger": _target("sla_ledger", _SLA_LEDGER_COLUMNS),
}
