"""Encoded events in bulk, for benchmarks and back-fills: one floor, copied into many cells.

Simulating costs some 15 us per event; renaming the cell in an encoded event costs less than one.
So a high rate is many equal cells of the floor, each with its own people and items, whose events
come at the same moments: ordered by arrival like any log, and the same bytes for the same seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import orjson

from schemas.topics import Role
from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from streams.sources.routing import route_of

CELL_EVENTS_PER_S = 4.0
CELLS_MAX = 10_000
_SHARED_TYPES = frozenset(("source.heartbeat", "snapshot.backlog", "guideline.published"))


@dataclass(frozen=True, slots=True)
class Record:
    """What a producer sends: the topic's role, key, value, and the UTC ms of arrival."""

    role: Role
    key: bytes
    value: bytes
    received_ms: int


def history(
    seed: int, start_ms: int, end_ms: int, rate: float, config: FloorConfig | None = None
) -> Iterator[Record]:
    """Yields about ``rate`` events per second of the span, ordered by arrival.

    ``rate`` is what the floor sends averaged over a day; the hour moves it up and down by half.
    The number of seats follows from it; everything else is the config's.
    """
    cells = min(CELLS_MAX, max(1, round(rate / CELL_EVENTS_PER_S)))
    config = replace((config or FloorConfig()).for_rate(rate / cells), cell="k0000")
    tokens = [f"k{number:04d}".encode() for number in range(1, cells)]
    first = config.cell.encode()
    for event in Floor(seed, config).events(start_ms, end_ms):
        record = encoded(event)
        yield record
        # What a source says about itself is said once, not once per cell.
        if event["event_type"] in _SHARED_TYPES:
            continue
        role, key, value, received_ms = record.role, record.key, record.value, record.received_ms
        for token in tokens:
            yield Record(role, key.replace(first, token), value.replace(first, token), received_ms)


def encoded(event: dict[str, object]) -> Record:
    """One event as a producer sends it."""
    route, received_ms = route_of(event), event["received_at"]
    assert route.key is not None
    assert isinstance(received_ms, int)
    return Record(route.role, route.key, orjson.dumps(event), received_ms)
