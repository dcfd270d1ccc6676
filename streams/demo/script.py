"""What the demo sends: a floor's events, some of them twice and some of them spoilt.

A floor without faults would prove nothing about duplicates and dead letters. Which events are
touched follows from their number, so the same seed and start give the same script.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import orjson

from schemas.topics import Role
from streams.simulate.history import Record, encoded
from streams.simulate.outbox import EventDict

REPEAT_EVERY = 150
SPOIL_EVERY = 400
#: A repeat comes this many events after its original.
REPEAT_AFTER = 20

Kind = Literal["new", "repeated", "spoilt"]

#: Counts of the ``rollups`` table that can be told from single events.
MEASURES = ("arrived", "submitted", "completed", "reviewed", "golden_n")
_MEASURE_OF = {
    "item.submitted": "submitted",
    "item.completed": "completed",
    "review.decided": "reviewed",
    "golden.answered": "golden_n",
}


@dataclass(frozen=True, slots=True)
class Cue:
    """One message to send; ``measure`` is the count that has to go up by one for it."""

    role: Role
    key: bytes | None
    value: bytes
    received_ms: int
    kind: Kind
    measure: str | None = None


@dataclass(slots=True)
class Tally:
    """What was sent."""

    kinds: Counter[str] = field(default_factory=Counter)
    measures: Counter[str] = field(default_factory=Counter)

    def count(self, cue: Cue) -> None:
        """One more was sent."""
        self.kinds[cue.kind] += 1
        if cue.measure is not None:
            self.measures[cue.measure] += 1

    @property
    def sent(self) -> int:
        """All records, the spoilt and repeated ones included."""
        return self.kinds.total()


def cues(events: Iterable[EventDict]) -> Iterator[Cue]:
    """The events as messages, with repeats and spoilt ones between them."""
    recent: deque[Record] = deque(maxlen=REPEAT_AFTER)
    for number, event in enumerate(events, 1):
        record = encoded(event)
        now_ms = record.received_ms
        recent.append(record)
        yield Cue(record.role, record.key, record.value, now_ms, "new", _measure(event))
        if number % REPEAT_EVERY == 0:
            first = recent[0]
            yield Cue(first.role, first.key, first.value, now_ms, "repeated")
        if number % SPOIL_EVERY == 0:
            key, value = _spoilt(event, record, number // SPOIL_EVERY)
            yield Cue(record.role, key, value, now_ms, "spoilt")


def _measure(event: EventDict) -> str | None:
    kind = event["event_type"]
    if kind == "item.queued":
        return "arrived" if event.get("reason", "new") == "new" else None
    return _MEASURE_OF.get(str(kind))


def _spoilt(event: EventDict, record: Record, number: int) -> tuple[bytes | None, bytes]:
    """Key and value, in turn cut short, without its time, and without a key."""
    match number % 3:
        case 0:
            return record.key, record.value[:-20]
        case 1:
            timeless = {name: value for name, value in event.items() if name != "occurred_at"}
            return record.key, orjson.dumps(timeless)
        case _:
            return None, record.value
