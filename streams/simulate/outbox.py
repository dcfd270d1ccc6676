"""Gathers what the floor does and sends it in the order of arrival, as a network would."""

import heapq
import random
from collections.abc import Iterator

from streams.simulate.config import FloorConfig
from streams.simulate.incidents import Troubles

EventDict = dict[str, object]
SCHEMA_VERSION = "1.0"
LATENCY_MS_MEDIAN = 120
OFFLINE_SHARE = 0.004
OFFLINE_S_MAX = 90
BURST_MS = 5_000


class Outbox:
    """Orders events by ``received_at``: most come after a moment, a few after an offline spell."""

    def __init__(self, config: FloorConfig, troubles: Troubles, seed: int, start_ms: int) -> None:
        self._config = config
        self._troubles = troubles
        self._chance = random.Random(f"{seed}/{config.cell}/network")
        # A `k` is in no number, so a cell's name can be found and replaced in encoded events.
        self._prefix = f"{config.cell}-{start_ms:x}-{seed:x}-"
        self._waiting: list[tuple[int, int, EventDict]] = []
        self._sent = 0

    def new_id(self, kind: str, number: int) -> str:
        """An id that no other kind, number, cell, seed or start gives."""
        return f"{self._prefix}{kind}{number}"

    def emit(self, at_ms: int, event_type: str, source: str, fields: EventDict) -> None:
        """Takes one event that happens at ``at_ms``, which may lie in the future."""
        self._sent += 1
        received_ms = at_ms + int(self._chance.lognormvariate(0, 0.6) * LATENCY_MS_MEDIAN)
        if self._chance.random() < OFFLINE_SHARE:
            received_ms += int(self._chance.random() * OFFLINE_S_MAX * 1000)
        held_ms = self._troubles.held_until_ms(source, received_ms)
        if held_ms is not None:
            if event_type == "source.heartbeat":
                return
            received_ms = held_ms + int(self._chance.random() * BURST_MS)
        event: EventDict = {
            "event_id": f"{self._prefix}{self._sent}",
            "event_type": event_type,
            "schema_version": SCHEMA_VERSION,
            "occurred_at": at_ms,
            "received_at": received_ms,
            "source": source,
            "org_id": self._config.org_id,
        }
        event.update(fields)
        heapq.heappush(self._waiting, (received_ms, self._sent, event))

    def arrived_until(self, now_ms: int) -> Iterator[EventDict]:
        """Yields, and forgets, what has arrived before ``now_ms``."""
        waiting = self._waiting
        while waiting and waiting[0][0] < now_ms:
            yield heapq.heappop(waiting)[2]
