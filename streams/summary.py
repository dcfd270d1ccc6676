"""What a replay found, as files: pane rows, facts, dead letters, items, labels, and a summary."""

import gzip
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from schemas.groupings import subject_key
from schemas.measures import Tally, add
from schemas.rows import RollupRow, SnapshotRow
from sinks.snapshots import gauges_of
from streams.core.engine import Found
from streams.core.facts import Fact
from streams.core.plan import DAY_MS
from streams.core.readings import Context, read_all
from streams.core.subjects import Home

#: Groupings whose days are listed; the others have their whole log only.
DAILY_GROUPINGS = ("all", "org", "project", "queue")


class FactFile:
    """Writes facts as they are booked, one JSON line each, gzipped."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.GzipFile(path, "wb", compresslevel=1)
        self._encode = msgspec.json.Encoder().encode

    def take(self, home: Home, facts: list[Fact], record_ms: int) -> None:
        """One booking: facts of one home, caused by one record."""
        for fact in facts:
            line = {"home": home, "t_ms": fact.t_ms, "record_ms": record_ms}
            scope = fact.scope._asdict()
            self._file.write(self._encode({**line, "scope": scope, "deltas": fact.deltas}) + b"\n")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def write_rows(folder: Path, found: Found) -> None:
    """Every row in the order of its key, one JSON line each."""
    _write(folder / "panes.jsonl", (found.rollups[at] for at in sorted(found.rollups)))
    _write(folder / "items.jsonl", (found.items[at] for at in sorted(found.items)))
    _write(folder / "labels.jsonl", (found.labels[at] for at in sorted(found.labels)))
    _write(folder / "sla.jsonl", (found.sla[at] for at in sorted(found.sla)))
    _write(folder / "dead_letters.jsonl", (letter.to_row() for letter in found.dead))


def _write(path: Path, rows: Iterable[msgspec.Struct]) -> None:
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        for row in rows:
            file.write(encode(row) + b"\n")


def summary(found: Found, from_ms: int, to_ms: int) -> dict[str, Any]:
    """Every metric of every subject over the whole log, and by UTC day for the larger ones."""
    whole: dict[str, Tally] = {}
    days: dict[tuple[str, int], Tally] = {}
    for row in found.rollups.values():
        subject = subject_key(row.grouping, tuple(row.dims.values()))
        tally = _tally(row)
        add(whole.setdefault(subject, {}), tally)
        if row.grouping in DAILY_GROUPINGS:
            day_ms = row.pane_start_ms - row.pane_start_ms % DAY_MS
            add(days.setdefault((subject, day_ms), {}), tally)
    span_ms = to_ms + 1 - from_ms
    snapshots = found.snapshots
    return {
        "from": iso_utc(from_ms),
        "to": iso_utc(to_ms),
        "whole": [
            _subject(snapshots[subject]) | {"metrics": _metrics(snapshots[subject], tally, span_ms)}
            for subject, tally in sorted(whole.items())
            if subject in snapshots
        ],
        "days": [
            {"day": iso_utc(day_ms)[:10]}
            | _subject(snapshots[subject])
            | {"metrics": _metrics(snapshots[subject], tally, DAY_MS, present=False)}
            for (subject, day_ms), tally in sorted(days.items())
            if subject in snapshots
        ],
    }


def _tally(row: RollupRow) -> Tally:
    return dict(row.tally)


def _subject(row: SnapshotRow) -> dict[str, Any]:
    return {"grouping": row.grouping, "dims": row.dims}


def _metrics(
    row: SnapshotRow, tally: Mapping[int, int], span_ms: int, *, present: bool = True
) -> dict[str, Any]:
    context = Context(seen=frozenset(row.first_seen_ms), dimensions=tuple(row.dims))
    readings = read_all(tally, span_ms, gauges_of(row) if present else None, context)
    return {name: msgspec.structs.asdict(reading) for name, reading in readings.items()}


def iso_utc(t_ms: int) -> str:
    """UTC ms as ISO 8601 with ``Z``, whole seconds."""
    return datetime.fromtimestamp(t_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def headline(summed: dict[str, Any]) -> Iterator[tuple[str, object, int]]:
    """(metric, value, n) of what the whole log has, for the terminal."""
    everything = next(each for each in summed["whole"] if each["grouping"] == "all")
    for name, reading in everything["metrics"].items():
        if reading["value"] is not None:
            yield name, reading["value"], reading["n"]
