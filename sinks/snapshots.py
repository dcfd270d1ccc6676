"""A snapshot as people read it: every metric of every window, with its interval, n or cause.

The stream sends sums; what they say is worked out here, on delivery, so that a busy stage 2 does
not divide what nobody may look at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import msgspec

from schemas.deadlines import DueLine
from schemas.groupings import subject_key
from schemas.readings import Gauges
from schemas.rows import SnapshotRow, WindowRow
from streams.core.readings import Context, is_stale, read_all

WINDOW_PREFIX = "w:"
#: What is said of the present; deadlines are in what metrics make of them.
_GAUGES = tuple(each.name for each in fields(Gauges) if each.name != "due")
_encode = msgspec.json.Encoder().encode


def subject_of(row: SnapshotRow) -> str:
    """The subject of a snapshot; its ``dims`` are in the grouping's order."""
    return subject_key(row.grouping, tuple(row.dims.values()))


def gauges_of(row: SnapshotRow) -> Gauges:
    """The present of a snapshot; the oldest item's age is as of the snapshot."""
    gauge = row.gauge
    queued_ms = gauge.get("oldest_waiting_ms")
    return Gauges(
        as_of_ms=row.as_of_ms,
        waiting=gauge.get("waiting") or 0,
        in_work=gauge.get("in_work") or 0,
        in_review=gauge.get("in_review") or 0,
        open=gauge.get("open") or 0,
        oldest_waiting_ms=None if queued_ms is None else max(0, row.as_of_ms - queued_ms),
        waiting_with_due=gauge.get("waiting_with_due") or 0,
        waiting_aged_50=gauge.get("aged_50") or 0,
        waiting_aged_80=gauge.get("aged_80") or 0,
        waiting_aged_100=gauge.get("aged_100") or 0,
        open_since={start_ms // 60_000: n for start_ms, n in row.open_since.items()},
        due=DueLine.of(row.deadlines, row.as_of_ms),
    )


def covered_ms(row: SnapshotRow, window: WindowRow) -> int:
    """How much of a window lies after the first event of its sources."""
    if not row.first_seen_ms:
        return 0
    return max(0, window.end_ms - max(window.start_ms, min(row.first_seen_ms.values())))


def window_of(row: SnapshotRow, window: WindowRow, gauges: Gauges) -> dict[str, Any]:
    """Every metric that makes sense in the grouping, and how much of the window is covered."""
    context = Context(
        seen=frozenset(row.first_seen_ms),
        dimensions=tuple(row.dims),
        stale=is_stale(row.last_seen_ms, row.as_of_ms, window.end_ms - window.start_ms),
        warming=row.sources_known < row.sources_total,
    )
    span_ms = covered_ms(row, window)
    readings: Mapping[str, Any] = read_all(window.tally, span_ms, gauges, context)
    length_ms = window.end_ms - window.start_ms
    place = {"start_ms": window.start_ms, "end_ms": window.end_ms}
    return {**readings, **place, "covered": span_ms / length_ms if length_ms > 0 else 0.0}


def fields_of(row: SnapshotRow) -> Iterator[tuple[str, bytes]]:
    """What a reader gets, field by field, as JSON; windows are those that the snapshot brings."""
    gauges = gauges_of(row)
    yield "grouping", _encode(row.grouping)
    yield "dims", msgspec.json.encode(row.dims)
    yield "as_of_ms", _encode(row.as_of_ms)
    yield "last_seen_ms", _encode(row.last_seen_ms)
    yield "sources", _encode((row.sources_known, row.sources_total))
    yield "gauges", _encode({name: getattr(gauges, name) for name in _GAUGES})
    for name, window in row.windows.items():
        yield WINDOW_PREFIX + name, _encode(window_of(row, window, gauges))
