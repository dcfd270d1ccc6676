"""A log with everything at once: a simulated floor, nasty histories, late records and repeats."""

from random import Random
from typing import Any

from streams.simulate.config import FloorConfig
from streams.simulate.floor import Floor
from tests.integration.main_job.arrivals import Arrival, arrival
from tests.oracle import histories

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = histories.START_MS
_TIMES = ("occurred_at", "received_at", "created_at", "due_at", "expires_at")
#: How far before the floor's own time each further history lies: every window has something.
BACK_MS = (0, 9 * HOUR_MS, 2 * DAY_MS, 10 * DAY_MS, 26 * DAY_MS)
#: How long after the event its record reached Kafka; more than an hour makes it late.
DELAYS_MS = (0,) * 12 + (45_000, 1_200_000, 4_000_000, 90_000_000)


def moved(event: dict[str, Any], by_ms: int, suffix: str) -> dict[str, Any]:
    """The same event at another time, as another event of another item or person."""
    changed = {name: event[name] + by_ms for name in _TIMES if isinstance(event.get(name), int)}
    changed["event_id"] = event["event_id"] + suffix
    names = ("item_id", "actor_id") if "item_id" not in event else ("item_id",)
    changed |= {name: event[name] + suffix for name in names if name in event}
    return event | changed


def mixed_events(seed: int, floor_hours: float = 0.5, items: int = 40) -> list[dict[str, Any]]:
    """What happened, in no useful order; people are pseudonyms already."""
    rng = Random(seed)
    end_ms = START_MS + int(floor_hours * HOUR_MS)
    events = list(Floor(seed, FloorConfig(seats=64)).events(START_MS, end_ms))
    for number, back_ms in enumerate(BACK_MS):
        history = histories.history(rng, items)
        events += [moved(event, -back_ms, f"-{number}") for event in history]
    return events


def mixed_arrivals(seed: int, events: list[dict[str, Any]]) -> list[Arrival]:
    """One way in which the events may arrive: most at once, some late, some twice."""
    rng = Random(f"{seed}/arrivals")
    arrivals: list[Arrival] = []
    for event in events:
        record_ms = event["received_at"] + rng.choice(DELAYS_MS)
        arrivals.append(arrival(event, record_ms))
        if rng.randrange(20) == 0:
            again_ms = record_ms + rng.choice((0, 1, 70_000, 2 * HOUR_MS))
            arrivals.append(arrival(event, again_ms))
    return sorted(arrivals, key=lambda each: each.record_ms)


def times_of(events: list[dict[str, Any]]) -> tuple[int, int]:
    """(first, last) occurrence, UTC ms."""
    times = [event["occurred_at"] for event in events]
    return min(times), max(times)
