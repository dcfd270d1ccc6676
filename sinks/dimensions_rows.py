"""Raw cells into rows that can be stored: typed, complete, and never two for one key and day."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

from schemas.faults import Fault
from schemas.metrics import METRIC_BY_ID
from schemas.rules_amounts import amount
from sinks.dimensions import ALL, OPEN_END, Dimension, Value
from sinks.dimensions_files import DimensionsRefused, Raw, RawRow

#: More are not told at once: they are usually one mistake.
FAULTS_TOLD_MAX = 20

Row = tuple[Value, ...]


@dataclass(slots=True)
class _Placed:
    """A row and where it was written."""

    raw: RawRow
    values: dict[str, Value]

    def fault(self, field: str, message: str) -> Fault:
        """Something that is wrong with the row."""
        return Fault(self.raw.file, self.raw.line, field, message)

    def day(self, name: str) -> date:
        """A day of the row."""
        found = self.values[name]
        assert isinstance(found, date)
        return found


def rows_of(raw: Raw) -> dict[str, list[Row]]:
    """The rows of each dimension, in the order of the table's key; raises DimensionsRefused."""
    faults: list[Fault] = []
    found: dict[str, list[Row]] = {}
    for name, given in raw.items():
        found[name] = _rows(ALL[name], given, faults)
    if faults:
        raise DimensionsRefused(faults)
    return found


def _rows(dimension: Dimension, given: Iterable[RawRow], faults: list[Fault]) -> list[Row]:
    placed = []
    for raw in given:
        wrong = list(_wrong(dimension, raw))
        if wrong:
            faults += wrong
        else:
            placed.append(_Placed(raw, _values(dimension, raw)))

    def key(row: _Placed) -> tuple[str, ...]:
        return tuple(str(row.values[column.name]) for column in dimension.key)

    placed.sort(key=lambda row: (key(row), row.day("valid_from")))
    for _, group in groupby(placed, key):
        faults += _clashes(list(group), dimension)
    return [tuple(row.values[column.name] for column in dimension.columns) for row in placed]


def _wrong(dimension: Dimension, raw: RawRow) -> Iterator[Fault]:
    """What is wrong with a row by itself."""
    known = {column.name: column for column in dimension.columns}
    for name, text in raw.cells.items():
        column = known.get(name)
        if column is None:
            message = f"{dimension.name} has no such column; there are {', '.join(known)}"
            yield Fault(raw.file, raw.line, name, message)
            continue
        try:
            column.parse(text)
        except ValueError as error:
            yield Fault(raw.file, raw.line, name, str(error))
    for column in dimension.columns:
        if column.needed and column.name not in raw.cells:
            yield Fault(raw.file, raw.line, column.name, "is missing")
    if dimension.name == "targets":
        yield from _wrong_target(raw)


def _wrong_target(raw: RawRow) -> Iterator[Fault]:
    given = raw.cells.get("metric")
    metric = METRIC_BY_ID.get(given or "")
    if metric is None:
        if given is not None:
            message = f"no metric is called {given!r}; `watchfloor metrics ls` names all"
            yield Fault(raw.file, raw.line, "metric", message)
        return
    for name in ("value", "warn"):
        try:
            if name in raw.cells:
                amount(raw.cells[name], metric.unit)
        except ValueError as error:
            yield Fault(raw.file, raw.line, name, str(error))


def _values(dimension: Dimension, raw: RawRow) -> dict[str, Value]:
    values = {
        column.name: column.parse(raw.cells[column.name])
        if column.name in raw.cells
        else column.default
        for column in dimension.columns
    }
    if dimension.name == "targets":
        unit = METRIC_BY_ID[raw.cells["metric"]].unit
        for name in ("value", "warn"):
            if name in raw.cells:
                values[name] = amount(raw.cells[name], unit)
    return values


def _clashes(rows: list[_Placed], dimension: Dimension) -> Iterator[Fault]:
    """Rows of one key, by the day on which they begin."""
    for row in rows:
        if row.day("valid_to") <= row.day("valid_from"):
            text = f"{row.day('valid_to')} is not after valid_from {row.day('valid_from')}"
            yield row.fault("valid_to", text)
    for before, row in pairwise(rows):
        where = f"{before.raw.file}:{before.raw.line}"
        if before.day("valid_from") == row.day("valid_from"):
            yield row.fault(dimension.key[-1].name, f"the row of {where} has the same key and day")
        elif before.day("valid_to") == OPEN_END and dimension.succeeds:
            before.values["valid_to"] = row.day("valid_from")
        elif before.day("valid_to") > row.day("valid_from"):
            text = f"{row.day('valid_from')} lies before the end of {where}"
            yield row.fault("valid_from", f"{text} ({before.day('valid_to')}), same key")
