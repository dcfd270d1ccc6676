"""One row while it is mapped: its cells, and what was derived from them once."""

import hashlib

from streams.sources.answers import read_answers
from streams.sources.mapping import Mapping, TimeSource
from streams.sources.mapping_terms import DURATION_UNITS_MS, Conditions, Quality
from streams.sources.records import RejectReason, RowRefused
from streams.sources.tables import Row
from streams.sources.times import BadTime, TimeReader

Moment = tuple[int, Quality]


class Scope:
    """The row that is being mapped; times and answers are computed when first asked for."""

    __slots__ = (
        "_answers",
        "_moments",
        "_plan",
        "_row_id",
        "cells",
        "clock_ms",
        "each",
        "file",
        "place",
        "received_ms",
        "row",
    )

    def __init__(self, plan: "ScopePlan", row: Row, file: str, clock_ms: int | None) -> None:
        self.cells = row.cells
        self.row = row
        self.file = file
        self.clock_ms = clock_ms
        #: When the record came in (UTC ms), where somebody knows.
        self.received_ms: int | None = None
        #: Where the element stands whose scope this is; empty for the record itself.
        self.place: tuple[str, ...] = ()
        self.each: str | None = None
        self._plan = plan
        self._moments: dict[str, Moment | None] = {}
        self._row_id: str | None = None
        self._answers: dict[str, tuple[str, ...]] = {}

    def cell(self, column: str) -> str:
        """The cell's text without surrounding blanks; ``""`` when the file has no such column."""
        text = self.cells.get(column)
        if text is None:
            return ""
        text = text.strip()
        if not text.isascii() and not _is_unicode(text):
            raise RowRefused(column, RejectReason.NOT_UTF8, "the cell is not UTF-8")
        return text

    def add(self, cells: dict[str, str]) -> None:
        """Give the row further cells, after which times are read anew."""
        self.cells = {**self.cells, **cells}
        self._moments.clear()
        self._answers.clear()

    def has(self, column: str) -> bool:
        """Whether the record has the key at all, be it null or an object."""
        within = f"{column}."
        return any(key == column or key.startswith(within) for key in self.cells)

    def moment(self, name: str) -> Moment | None:
        """A named time and its quality; None when the row has no such time."""
        if name not in self._moments:
            self._moments[name] = self._plan.moment(name, self)
        return self._moments[name]

    def answers(self, name: str) -> tuple[str, ...]:
        """The labels of a named answer; ``each`` is the label that the event repeats for."""
        if name == "each":
            return () if self.each is None else (self.each,)
        if name not in self._answers:
            answer = self._plan.mapping.answers[name]
            cell = self.cell(answer.column)
            self._answers[name] = read_answers(cell, answer.split, answer.chars_max, answer.pattern)
        return self._answers[name]

    def row_id(self) -> str:
        """What names this row for good: its id columns, else its place and content in the file."""
        if self._row_id is None:
            self._row_id = self._named_row()
        return self._row_id

    def _named_row(self) -> str:
        for columns in self._plan.mapping.row_id:
            cells = [self.cell(column) for column in columns]
            if all(cells):
                return hash_of(*columns, *cells)
        without = self._plan.mapping.content_without
        if without:
            names = sorted(name for name, text in self.row.cells.items() if text)
            named = [(name, self.row.cells[name]) for name in names if name not in without]
            return hash_of(*(text for cell in named for text in cell))
        content = [text for cell in self.row.cells.items() if cell[1] for text in cell]
        return hash_of(self.file, str(self.row.number), *content)

    def holds(self, conditions: Conditions) -> bool:
        """Whether every condition on a cell is met."""
        for column, condition in conditions.items():
            text = self.cell(column)
            if condition in ("present", "absent"):
                met = self.has(column) == (condition == "present")
            elif condition == "empty":
                met = not text
            elif condition == "not_empty":
                met = bool(text)
            else:
                met = text in condition
            if not met:
                return False
        return True


class ScopePlan:
    """How a mapping's named times are read; made once per file."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self._sources = {
            name: [(source, self._reader(source)) for source in sources]
            for name, sources in mapping.times.items()
        }

    def _reader(self, source: TimeSource) -> TimeReader:
        mapping = self.mapping
        return TimeReader(
            source.formats or mapping.formats, source.zone or mapping.zone, mapping.ambiguous
        )

    def moment(self, name: str, scope: Scope) -> Moment | None:
        """The first source of a named time that the row has."""
        for source, reader in self._sources[name]:
            if source.when and not scope.holds(source.when):
                continue
            found = self._origin(source, reader, scope)
            if found is None:
                continue
            shifted = self._shifted(source, found, scope)
            if shifted is not None:
                return shifted
        return None

    def _origin(self, source: TimeSource, reader: TimeReader, scope: Scope) -> Moment | None:
        if source.clock:
            return None if scope.clock_ms is None else (scope.clock_ms, "estimated")
        if source.arrived:
            return None if scope.received_ms is None else (scope.received_ms, "estimated")
        if source.time is not None:
            found = scope.moment(source.time)
            if found is None or source.quality == "exact":
                return found
            return found[0], source.quality
        assert source.column is not None
        text = scope.cell(source.column)
        if not text:
            return None
        try:
            return reader.read(text), source.quality
        except BadTime as error:
            raise RowRefused(source.column, RejectReason.BAD_TIME, str(error)) from None

    @staticmethod
    def _shifted(source: TimeSource, found: Moment, scope: Scope) -> Moment | None:
        moment_ms, quality = found
        for shift, sign in ((source.minus, -1), (source.plus, 1)):
            if shift is not None:
                shift_ms = duration_ms(scope.cell(shift.column), shift.unit, shift.column)
                if shift_ms is None:
                    return None
                moment_ms += sign * shift_ms
        return moment_ms, quality


def duration_ms(text: str, unit: str, column: str) -> int | None:
    """A duration's whole ms; None for an empty cell; refuses what is no number or negative."""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise RowRefused(column, RejectReason.BAD_NUMBER, "is not a number") from None
    if not 0 <= value <= 1e9:
        raise RowRefused(column, RejectReason.BAD_NUMBER, "is negative, not finite or too large")
    return round(value * DURATION_UNITS_MS[unit])


def hash_of(*parts: str) -> str:
    """26 hex digits that name these texts; parts can't run into one another."""
    state = hashlib.blake2b(digest_size=13)
    for part in parts:
        raw = part.encode("utf-8", "surrogateescape")
        state.update(len(raw).to_bytes(4, "big"))
        state.update(raw)
    return state.hexdigest()


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
