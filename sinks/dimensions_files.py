"""Dimension files, CSV or YAML, as raw cells that know their line."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from schemas.faults import Fault
from sinks.dimensions import ALL, Dimension

FILE_BYTES_MAX = 32 * 1024 * 1024


class DimensionsRefused(Exception):
    """Files that can't be used, with everything that is wrong with them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it was written: the text of each field that was given, and where it stands."""

    file: str
    line: int
    cells: dict[str, str] = field(default_factory=dict)


#: By dimension, the rows of all files.
Raw = dict[str, list[RawRow]]


def read(paths: Iterable[Path], only: str | None = None) -> Raw:
    """The rows of all files; ``only`` names the table of a CSV whose name does not say it.

    Raises DimensionsRefused.
    """
    found: Raw = {}
    faults: list[Fault] = []
    for path in paths:
        try:
            text = _text(path)
            if path.suffix.lower() in (".yaml", ".yml"):
                parts = _yaml(str(path), text)
            else:
                parts = [(_dimension_of(path, only), row) for row in _csv(str(path), text)]
        except DimensionsRefused as refused:
            faults += refused.faults
            continue
        if not parts:
            faults.append(Fault(str(path), 1, "", "holds no rows, so there is nothing to load"))
        for name, row in parts:
            found.setdefault(name, []).append(row)
    if faults:
        raise DimensionsRefused(faults)
    return found


def _refused(file: str, line: int, message: str, name: str = "") -> DimensionsRefused:
    return DimensionsRefused([Fault(file, line, name, message)])


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused(str(path), 1, f"can't be read: {error.strerror}") from error
    if len(data) > FILE_BYTES_MAX:
        raise _refused(str(path), 1, f"is larger than {FILE_BYTES_MAX // 1024 // 1024} MB")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _refused(str(path), 1, "is UTF-16 by its byte order mark: save it as UTF-8")
    try:
        # Excel begins its UTF-8 with a byte order mark, which is no part of the first column.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _refused(str(path), line, "is not UTF-8: save it as UTF-8") from error


def _dimension_of(path: Path, only: str | None) -> str:
    """Which table a CSV is for: cost_rates.csv, or cost_rates-2026.csv."""
    stem = path.name.split(".")[0].split("-")[0]
    name = only or stem
    if name not in ALL:
        known = ", ".join(ALL)
        raise _refused(str(path), 1, f"{name!r} is no dimension: name the file, or --as, {known}")
    return name


def _csv(file: str, text: str) -> Iterator[RawRow]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for values in reader:
            first, line = line, reader.line_num + 1
            if not values or not any(value.strip() for value in values):
                continue
            if header is None:
                header = _header(file, first, values)
            elif len(values) != len(header):
                message = f"has {len(values)} fields, the first line has {len(header)}"
                raise _refused(file, first, message)
            else:
                cells = {n: v.strip() for n, v in zip(header, values, strict=True) if v.strip()}
                yield RawRow(file, first, cells)
    except csv.Error as error:
        raise _refused(file, line, f"the quotes are wrong: {error}") from error


def _header(file: str, line: int, values: list[str]) -> list[str]:
    header = [value.strip() for value in values]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        raise _refused(file, line, "the columns are not separated by commas")
    for at, name in enumerate(header):
        if not name:
            raise _refused(file, line, f"column {at + 1} has no name")
        if name in header[:at]:
            raise _refused(file, line, "the column is there twice", name)
    return header


def _yaml(file: str, text: str) -> list[tuple[str, RawRow]]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "can't be read"
        raise _refused(file, mark.line + 1 if mark else 1, f"not YAML: {problem}") from error
    found = []
    for name, node in _pairs(file, root):
        if name not in ALL:
            known = ", ".join(ALL)
            raise _refused(file, _line(node), f"{name!r} is no dimension: {known}")
        found += [(name, row) for row in _rows(file, ALL[name], node)]
    return found


def _line(node: yaml.Node | None) -> int:
    line: int = node.start_mark.line + 1 if node is not None else 1
    return line


def _pairs(file: str, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _refused(file, _line(node), "must be `name: value` pairs here")
    found: list[tuple[str, yaml.Node]] = []
    for key, value in node.value:
        if key.value in dict(found):
            raise _refused(file, _line(key), "is given twice", key.value)
        found.append((key.value, value))
    return found


def _rows(file: str, dimension: Dimension, node: yaml.Node) -> Iterator[RawRow]:
    """A list of rows; or, of sites, rows by name as the floor reads them."""
    if isinstance(node, yaml.MappingNode) and dimension.name == "sites":
        for name, inner in _pairs(file, node):
            row = _row(file, inner, {"shifts"})
            row.cells["site"] = name
            yield row
    elif isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield _row(file, inner, set())
    elif node.value:
        raise _refused(file, _line(node), "must be a list of rows", dimension.name)


def _row(file: str, node: yaml.Node, ignored: set[str]) -> RawRow:
    cells: dict[str, str] = {}
    for name, value in _pairs(file, node):
        if name in ignored:
            continue
        if name == "where":
            cells |= {key: _scalar(file, key, it) for key, it in _pairs(file, value)}
        else:
            cells[name] = _scalar(file, name, value)
    return RawRow(file, _line(node), {name: text for name, text in cells.items() if text})


def _scalar(file: str, name: str, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _refused(file, _line(node), "must be one value", name)
    if node.tag.endswith(":null"):
        return ""
    return str(node.value)
