"""Turns lines into rows of named cells: CSV with a header, or JSON objects flattened to paths."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from streams.sources.elements import cells_of
from streams.sources.files import LogText
from streams.sources.records import Reject, RejectReason, RowRefused, SourceError

RECORD_CHARS_MAX = 4 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One record: its cells by column, its first line, its number from 1.

    ``value`` is the JSON object that the cells were taken from.
    """

    cells: dict[str, str]
    line: int
    number: int
    value: dict[str, object] | None = None


class _RecordLines:
    """Feeds the csv reader, and bounds a record: an open quote would swallow the whole file."""

    def __init__(self, text: LogText) -> None:
        self._text = text
        self._record: list[str] = []
        self._chars = 0
        self.line = 0
        self.first_line = 1

    def __iter__(self) -> Iterator[str]:
        for line in self._text.lines:
            self.line += 1
            self._record.append(line)
            self._chars += len(line)
            if self._chars > RECORD_CHARS_MAX:
                raise csv.Error("a quote opens and is never closed")
            yield line

    def record_ended(self) -> None:
        self.first_line = self.line + 1
        self._record.clear()
        self._chars = 0

    def column_of_wrong_quote(self, delimiter: str) -> int:
        """0-based cell at which the quotes of the present record go wrong."""
        cell, quoted, before = 0, False, delimiter
        for char in "".join(self._record):
            if char == '"' and not quoted:
                quoted = before == delimiter
            elif char == '"':
                quoted = False
            elif not quoted and char == delimiter:
                cell += 1
            elif not quoted and before == '"' and char not in "\r\n":
                return cell
            before = char
        return cell


def read_csv(text: LogText, delimiter: str, needed: frozenset[str]) -> Iterator[Row | Reject]:
    """Yields rows of a CSV whose header has every column in ``needed``.

    A row may be shorter than the header when only columns outside ``needed`` are missing
    (Mechanical Turk leaves out trailing empty cells); anything else is a reject.
    """
    csv.field_size_limit(RECORD_CHARS_MAX)
    lines = _RecordLines(text)
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    number = 0
    try:
        for cells in reader:
            line = lines.first_line
            lines.record_ended()
            if not cells:
                continue
            if header is None:
                header = _checked_header(cells, text.name, needed)
                cells_min = max((i + 1 for i, h in enumerate(header) if h in needed), default=1)
                continue
            number += 1
            if cells_min <= len(cells) <= len(header):
                filled = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
                yield Row(filled, line, number)
            else:
                message = f"the row has {len(cells)} cells, the header {len(header)}"
                yield Reject(text.name, line, "", RejectReason.ROW_SHAPE, message)
    except csv.Error as error:
        cell = lines.column_of_wrong_quote(delimiter)
        column = header[cell] if header and cell < len(header) else f"cell {cell + 1}"
        raise SourceError(
            text.name, lines.first_line, column, f"the quotes of this record are wrong: {error}"
        ) from error


def _checked_header(cells: list[str], name: str, needed: frozenset[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    repeated = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if repeated:
        raise SourceError(name, 1, repeated[0], "the header names this column twice")
    missing = sorted(needed - set(header))
    if missing:
        raise SourceError(
            name, 1, missing[0], "the mapping needs this column and the header does not have it"
        )
    return header


def read_json_lines(text: LogText) -> Iterator[tuple[int, dict[str, object]] | Reject]:
    """Yields (line, object) of a file with one JSON object a line; blank lines are skipped."""
    for number, line in enumerate(text.lines, start=1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line.encode("utf-8", "surrogateescape"))
        except orjson.JSONDecodeError as error:
            yield Reject(
                text.name, number, "", RejectReason.NOT_JSON, f"not JSON near column {error.colno}"
            )
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield Reject(text.name, number, "", RejectReason.NOT_JSON, "not a JSON object")


def read_json_rows(
    found: Iterable[tuple[int, dict[str, object]] | Reject], name: str
) -> Iterator[Row | Reject]:
    """Yields JSON objects as rows: ``{"a": {"b": 1}}`` is the cell ``a.b`` with the text ``1``."""
    for number, item in enumerate(found, start=1):
        if isinstance(item, Reject):
            yield item
            continue
        line, value = item
        try:
            yield Row(cells_of(value), line, number, value)
        except RowRefused as error:
            yield Reject(name, line, error.field, error.reason, error.message)


def with_json_cells(row: Row, columns: Iterable[str], name: str) -> Row | Reject:
    """The row with the cells inside those of its cells that hold a JSON object."""
    inside: dict[str, object] = {**(row.value or {})}
    found: dict[str, object] = {}
    for column in columns:
        text = row.cells.get(column, "")
        if not text:
            continue
        try:
            found[column] = orjson.loads(text.encode("utf-8", "surrogateescape"))
        except orjson.JSONDecodeError:
            return Reject(name, row.line, column, RejectReason.NOT_JSON, "is not JSON")
    try:
        cells = {**row.cells, **cells_of(found)}
    except RowRefused as error:
        return Reject(name, row.line, error.field, error.reason, error.message)
    return Row(cells, row.line, row.number, {**inside, **found})
