"""Reads a log, whatever its kind, as a stream of events and rejects.

Nothing here is sent anywhere. A file that turns out to be damaged half way raises SourceError
half way: whoever must not do half a job reads through ``ordering.sort_by_time``, which yields
its first event only after the whole log was read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streams.sources.clock import Clock
from streams.sources.files import LogText, open_texts
from streams.sources.json_files import read_json_values
from streams.sources.mapping import Mapping
from streams.sources.mapping_files import load_mapping
from streams.sources.memory import HeldMemory, Memory
from streams.sources.records import EventDict, Reject, RowRefused, SourceError, SourceEvent
from streams.sources.rows import ObservedOptions, RowMapper, reject_of
from streams.sources.scopes import duration_ms
from streams.sources.tables import (
    Row,
    read_csv,
    read_json_lines,
    read_json_rows,
    with_json_cells,
)

OPTION_GROUPS_MAX = 10_000
_MTURK_HEADER = ("HITId", "AssignmentId", "WorkerId", "AssignmentStatus")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a log.

    ``label_column`` names the column of the mapping's answer ``label`` (Mechanical Turk's
    ``Answer.*`` columns have a name per task). ``clock`` is used up by one reading.
    """

    clock: Clock | None = None
    label_column: str | None = None


def read_events(
    path: Path, mapping: Mapping | None = None, options: ReadOptions | None = None
) -> Iterator[SourceEvent | Reject]:
    """Yields what each line of ``path`` gives, in the file's order.

    Without a mapping the file is event JSONL, or Mechanical Turk batch results by its header.
    Raises SourceError when the file or the mapping can't be used.
    """
    options = options or ReadOptions()
    if mapping is None:
        mapping = _recognised(path)
    if mapping is None:
        for text in open_texts(path):
            yield from _events_as_they_are(text)
        return
    if options.label_column is not None:
        mapping = with_label_column(mapping, options.label_column)
    observed = _observed_options(path, mapping)
    memory = HeldMemory()
    for text in open_texts(path, pieces=mapping.format == "json"):
        yield from _mapped(text, mapping, observed, options.clock, memory)


def with_label_column(mapping: Mapping, column: str) -> Mapping:
    """The mapping with another column for its answer ``label``; that column is then needed."""
    if "label" not in mapping.answers:
        raise SourceError(
            f"mapping {mapping.id}", 0, "answers.label", "the mapping has no answer named label"
        )
    label = mapping.answers["label"].model_copy(update={"column": column})
    return mapping.model_copy(
        update={
            "answers": {**mapping.answers, "label": label},
            "optional_columns": mapping.optional_columns - {column},
        }
    )


def _recognised(path: Path) -> Mapping | None:
    """The mapping that the first line asks for; None for event JSONL."""
    for text in open_texts(path):
        first = next((line for line in text.lines if line.strip()), "")
        if first.lstrip().startswith("{"):
            return None
        if all(column in first for column in _MTURK_HEADER):
            return load_mapping("mturk")
        break
    raise SourceError(
        str(path), 1, "", "is neither event JSONL nor Mechanical Turk batch results; name a mapping"
    )


def _events_as_they_are(text: LogText) -> Iterator[SourceEvent | Reject]:
    for found in read_json_lines(text):
        if isinstance(found, Reject):
            yield found
        else:
            line, event = found
            yield SourceEvent(event, text.name, line)


def _rows(text: LogText, mapping: Mapping) -> Iterator[Row | Reject]:
    if mapping.format == "jsonl":
        rows = read_json_rows(read_json_lines(text), text.name)
    elif mapping.format == "json":
        rows = read_json_rows(read_json_values(text), text.name)
    else:
        rows = read_csv(text, mapping.delimiter, mapping.needed_columns())
    for row in rows:
        if isinstance(row, Reject) or not mapping.json_columns:
            yield row
        else:
            yield with_json_cells(row, sorted(mapping.json_columns), text.name)


def _mapped(
    text: LogText,
    mapping: Mapping,
    observed: ObservedOptions,
    clock: Clock | None,
    memory: Memory,
) -> Iterator[SourceEvent | Reject]:
    mapper = RowMapper(mapping, text.identity, observed, memory)
    for row in _rows(text, mapping):
        if isinstance(row, Reject):
            yield row
            continue
        clock_ms = None if clock is None else clock.tick(_duration(row, mapping))
        found: list[EventDict] | RowRefused = mapper.map(row, clock_ms)
        if isinstance(found, RowRefused):
            yield reject_of(found, text.name, row.line)
        else:
            for event in found:
                yield SourceEvent(event, text.name, row.line)


def _duration(row: Row, mapping: Mapping) -> int | None:
    if mapping.durations is None:
        return None
    column = mapping.durations.column
    try:
        return duration_ms(row.cells.get(column, "").strip(), mapping.durations.unit, column)
    except RowRefused:
        # The mapping of the row itself reports it, when it uses the column.
        return None


def _observed_options(path: Path, mapping: Mapping) -> ObservedOptions:
    """Reads the file once for the labels that each group can choose from; bounded."""
    if mapping.options is None:
        return {}
    seen: dict[str, set[str]] = {}
    for text in open_texts(path, pieces=mapping.format == "json"):
        mapper = RowMapper(mapping, text.identity, {})
        for row in _rows(text, mapping):
            if isinstance(row, Reject):
                continue
            group, labels = mapper.options_group(row)
            if group is None or (group not in seen and len(seen) >= OPTION_GROUPS_MAX):
                continue
            known = seen.setdefault(group, set())
            if len(known) <= mapping.options.count_max:
                known |= labels
    return {
        group: tuple(sorted(labels))
        for group, labels in seen.items()
        if len(labels) <= mapping.options.count_max
    }
