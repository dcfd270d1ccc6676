"""Whether `watchfloor map` gets on, and what it counted: its health page."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streams.health import HealthPage
from streams.mapped_records import Tally
from streams.meters import Meters
from streams.settings import Health
from streams.sources.memory import HeldMemory

#: A turn waits half a second for records; one batch has a thousand of them.
_TURN_S_MAX = 120.0


@dataclass(slots=True)
class Pulse:
    """What a mapping said of itself last."""

    meters: Meters = field(default_factory=Meters)
    _beat_s: float = field(default_factory=time.monotonic)
    _partitions: int = 0
    _told: Tally = field(default_factory=Tally)

    def page(self, health: Health) -> HealthPage:
        """The page, to be started."""
        return HealthPage(health, self.meters, self.why_dead, self.why_not_ready)

    def beat(self) -> None:
        """It got on."""
        self._beat_s = time.monotonic()

    def tell(self, tally: Tally, memories: Sequence[HeldMemory]) -> None:
        """What it counted so far, and what it remembers of each partition that is its own."""
        self.beat()
        told, self._told = self._told, replace(tally)
        self._partitions = len(memories)
        count = self.meters.count
        count("map_read_records_total", tally.records - told.records)
        count("map_sent_events_total", tally.events - told.events)
        count("map_ignored_records_total", tally.ignored - told.ignored)
        count("map_dead_records_total", tally.dead - told.dead)
        self.meters.set("map_remembered_things", sum(len(each.kept) for each in memories))

    async def lag(self, consumer: Any) -> None:
        """How many records an aiokafka consumer knows of that it has not returned yet."""
        behind = 0
        for place in consumer.assignment():
            end = consumer.highwater(place)
            if end is not None:
                behind += max(0, end - await consumer.position(place))
        self.meters.set("map_lag_records", behind)

    def why_dead(self) -> str | None:
        """Why it should be started anew; None when it gets on."""
        silent_s = time.monotonic() - self._beat_s
        return f"no turn for {silent_s:.0f} s" if silent_s > _TURN_S_MAX else None

    def why_not_ready(self) -> str | None:
        """Why it reads nothing; None when partitions are its own."""
        return None if self._partitions else "no partition of the topic is ours yet"
