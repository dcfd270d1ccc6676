"""What a mapping makes of a sample: counted and named, nothing mended.

Memory is bounded: event ids and assignments are remembered up to ``REMEMBERED_MAX``; beyond it
the report says that it looked at a part only.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from streams.sources.mapping import Mapping
from streams.sources.null_metrics import Unknown, count_fields, unknown_metrics
from streams.sources.reading import ReadOptions, read_events
from streams.sources.records import EventDict, Reject

REMEMBERED_MAX = 500_000
SHOWN_RECORDS = 3
SHOWN_PLACES = 3
#: As the live floor has it: later than its record by more than this is refused.
FUTURE_MS = 300_000
OLD_MS = 30 * 86_400_000
_BEGINS = frozenset(("work.started", "item.claimed", "item.assigned"))
_ENDS = frozenset(("item.submitted", "item.skipped"))


@dataclass(slots=True)
class Odd:
    """One kind of thing that is odd: how often by event type, and where first."""

    counts: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)

    def add(self, event_type: str, place: str) -> None:
        """Count one."""
        self.counts[event_type] += 1
        if len(self.places) < SHOWN_PLACES:
            self.places.append(place)


@dataclass(slots=True)
class Findings:
    """All that was found in a sample; times are UTC ms."""

    events: Counter[str] = field(default_factory=Counter)
    records: int = 0
    rejects: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_rejects: list[Reject] = field(default_factory=list)
    examples: dict[tuple[str, int], list[EventDict]] = field(default_factory=dict)
    future: Odd = field(default_factory=Odd)
    old: Odd = field(default_factory=Odd)
    negative: Odd = field(default_factory=Odd)
    repeated: Odd = field(default_factory=Odd)
    disagreeing: Odd = field(default_factory=Odd)
    from_ms: int | None = None
    to_ms: int | None = None
    is_partial: bool = False
    filled: dict[str, dict[str, int]] = field(default_factory=dict)

    def unknown(self) -> list[Unknown]:
        """The metrics that will stay unknown."""
        return unknown_metrics(self.filled)


class _Seen:
    """Ids and assignments that were met, up to a bound."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._ids: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._ended: dict[str, int] = {}

    def look_at(self, event: EventDict, place: str) -> None:
        """Compare one event with those before it."""
        found, kind = self._findings, str(event["event_type"])
        said = hash(repr(sorted((k, v) for k, v in event.items() if k != "received_at")))
        before = self._ids.get(str(event["event_id"]))
        if before is not None:
            (found.repeated if before == said else found.disagreeing).add(kind, place)
            return
        if len(self._ids) >= REMEMBERED_MAX:
            found.is_partial = True
            return
        self._ids[str(event["event_id"])] = said
        at_ms = event["occurred_at"]
        assert isinstance(at_ms, int)
        key = f"{event.get('item_id')}\0{event.get('assignment_id')}\0{event.get('attempt', 1)}"
        key = key if event.get("assignment_id") is not None else ""
        # An attempt that is not the first may begin without anybody saying so.
        if key and kind in _BEGINS:
            self._begun[key] = min(at_ms, self._begun.get(key, at_ms))
        elif key and kind in _ENDS:
            self._ended[key] = max(at_ms, self._ended.get(key, at_ms))
        if (
            kind in _BEGINS | _ENDS
            and key in self._begun
            and self._begun[key] > self._ended.get(key, self._begun[key])
        ):
            found.negative.add(kind, place)


def check(path: Path, mapping: Mapping, options: ReadOptions | None, now_ms: int) -> Findings:
    """Read a sample to its end; raises SourceError when file or mapping can't be used."""
    found = Findings()
    seen = _Seen(found)
    last: tuple[str, int] | None = None
    for each in read_events(path, mapping, options):
        place = f"{Path(each.file).name}:{each.line}"
        if (each.file, each.line) != last:
            found.records += 1
            last = each.file, each.line
        if isinstance(each, Reject):
            found.rejects[each.reason.value, each.field] += 1
            if len(found.first_rejects) < 10:
                found.first_rejects.append(each)
            continue
        event = each.event
        if last in found.examples or len(found.examples) < SHOWN_RECORDS:
            found.examples.setdefault((each.file, each.line), []).append(event)
        kind, at_ms = str(event["event_type"]), event["occurred_at"]
        assert isinstance(at_ms, int)
        found.events[kind] += 1
        found.from_ms = at_ms if found.from_ms is None else min(found.from_ms, at_ms)
        found.to_ms = at_ms if found.to_ms is None else max(found.to_ms, at_ms)
        if at_ms > now_ms + FUTURE_MS:
            found.future.add(kind, place)
        if at_ms < now_ms - OLD_MS:
            found.old.add(kind, place)
        count_fields(found.filled, event)
        seen.look_at(event, place)
    return found
