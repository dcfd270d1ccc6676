"""What has to be there after all that was sent, computed from the events alone.

The numbers come from ``tests.oracle``, which shares no code with the product. The only thing
added is the length of a pane: an item of the maker is late as a whole or not at all.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.maker import Event, Letter
from tests.oracle.items import item_rows
from tests.oracle.minutes import as_tallies, minute_rows

MINUTE_S, QUARTER_S = 60, 900
_QUARTER_MS = 900_000

#: (grouping, values of its dimensions, start in UTC ms, length in s) -> measure or bin -> n
Panes = dict[tuple[str, tuple[str, ...], int, int], dict[int, int]]
#: (topic role, partition, offset)
Place = tuple[str, int, int]


@dataclass(slots=True)
class Sent:
    """What Kafka has taken of a space's letters so far."""

    events: dict[str, Event] = field(default_factory=dict)
    late_items: set[str] = field(default_factory=set)
    fates: Counter[str] = field(default_factory=Counter)
    dead: set[Place] = field(default_factory=set)

    def took(self, letter: Letter, place: Place) -> None:
        """A letter lies in its topic now."""
        event = letter.event
        if event is None:
            self.fates["dead"] += 1
            self.dead.add(place)
            return
        if event["event_id"] in self.events:
            self.fates["duplicate"] += 1
            return
        self.events[event["event_id"]] = event
        self.fates["late" if letter.late else "applied"] += 1
        if letter.late:
            self.late_items.add(letter.key)

    @property
    def count(self) -> int:
        """All records that Kafka took."""
        return self.fates.total()

    def panes(self) -> Panes:
        """Every pane with anything in it."""
        on_time, late = self._split()
        found: Panes = {
            (grouping, dims, start_ms, MINUTE_S): tally
            for (grouping, dims, start_ms), tally in _tallies(on_time).items()
        }
        coarse: dict[tuple[str, tuple[str, ...], int, int], Counter[int]] = {}
        for (grouping, dims, start_ms), tally in _tallies(late).items():
            at = (grouping, dims, start_ms - start_ms % _QUARTER_MS, QUARTER_S)
            coarse.setdefault(at, Counter()).update(tally)
        for at, counted in coarse.items():
            tally = {key: n for key, n in counted.items() if n}
            if tally:
                found[at] = tally
        return found

    def items(self) -> dict[str, dict[str, Any]]:
        """The row of each item, by its id."""
        if not self.events:
            return {}
        rows = item_rows(self.events.values()).reset_index()
        return {str(row["item_id"]): row for row in rows.to_dict("records")}

    def labels(self) -> Counter[tuple[str, str]]:
        """How often each (item, label) was given."""
        return Counter(
            (event["item_id"], label)
            for event in self.events.values()
            if event["event_type"] == "item.submitted"
            for label in dict.fromkeys(event["labels"])
        )

    def _split(self) -> tuple[list[Event], list[Event]]:
        on_time: list[Event] = []
        late: list[Event] = []
        for event in self.events.values():
            is_late = event.get("item_id") in self.late_items
            (late if is_late else on_time).append(event)
        return on_time, late


def _tallies(events: Iterable[Event]) -> dict[tuple[str, tuple[str, ...], int], dict[int, int]]:
    return as_tallies(minute_rows(events))
