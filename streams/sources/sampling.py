"""The first records of a file whose shape nobody has said, and what their columns hold."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from streams.sources.elements import elements_of
from streams.sources.files import open_texts
from streams.sources.json_files import read_json_values
from streams.sources.records import Reject, RowRefused, SourceError
from streams.sources.tables import Row, read_csv, read_json_lines, read_json_rows

RECORDS_MAX = 500
VALUES_MAX = 500
_DELIMITERS = (",", "\t", ";", "|")


@dataclass(slots=True)
class Sample:
    """Columns with their filled texts; those of a list's elements are named ``list[].x``."""

    format: str
    delimiter: str = ","
    records: int = 0
    columns: dict[str, list[str]] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)


def read_sample(path: Path) -> Sample:
    """Look at a file's first records; raises SourceError when it has none."""
    sample = _recognised(path)
    for row in islice(_rows(path, sample), RECORDS_MAX):
        if isinstance(row, Reject):
            continue
        sample.records += 1
        for name, text in row.cells.items():
            _add(sample, name, text)
        for over in _list_paths(row.value, ""):
            sample.lists.add(over)
            try:
                elements = elements_of(row.value, over)
            except RowRefused:
                continue
            for element in elements:
                for name, text in element.cells.items():
                    _add(sample, name, text)
    if not sample.records:
        raise SourceError(str(path), 1, "", "holds no record that can be read")
    return sample


def _add(sample: Sample, name: str, text: str) -> None:
    values = sample.columns.setdefault(name, [])
    if text.strip() and len(values) < VALUES_MAX:
        values.append(text.strip())


def _recognised(path: Path) -> Sample:
    for text in open_texts(path, pieces=True):
        first = next((line for line in text.lines if line.strip()), "").strip()
        if first.startswith("["):
            return Sample("json")
        if first.startswith("{"):
            return Sample("jsonl" if _is_whole(first) else "json")
        counts = {each: first.count(each) for each in _DELIMITERS}
        return Sample("csv", max(_DELIMITERS, key=lambda each: counts[each]))
    raise SourceError(str(path), 1, "", "the file is empty")


def _is_whole(line: str) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return False


def _rows(path: Path, sample: Sample) -> Iterator[Row | Reject]:
    for text in open_texts(path, pieces=sample.format == "json"):
        if sample.format == "csv":
            yield from read_csv(text, sample.delimiter, frozenset())
        elif sample.format == "json":
            yield from read_json_rows(read_json_values(text), text.name)
        else:
            yield from read_json_rows(read_json_lines(text), text.name)


def _list_paths(value: object, prefix: str, depth: int = 0) -> Iterator[str]:
    if not isinstance(value, dict) or depth > 3:
        return
    for key, inner in value.items():
        if not key.isprintable() or any(mark in key for mark in ".[]*") or not key:
            continue
        if isinstance(inner, dict):
            yield from _list_paths(inner, f"{prefix}{key}.", depth + 1)
        elif isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner):
            yield f"{prefix}{key}[]"
