"""The plain task that everybody gets: count, sum and maximum, per person and minute.

Events are about 180 bytes of JSON, keyed by person, so that nobody has to send them through a
second topic; record and event have the same time.
"""

import random
from collections.abc import Iterator

import orjson

PARTITIONS = 4
PANE_MS = 60_000
PEOPLE = 400
EVENTS_PER_S = 1_000

#: Key, value, event time in UTC ms.
Event = tuple[bytes, bytes, int]


def events(count: int, end_ms: int, seed: int = 1) -> Iterator[Event]:
    """``count`` events in the order of their times, the last one at ``end_ms``."""
    chance = random.Random(seed)
    people = [f"person-{number:04d}" for number in range(PEOPLE)]
    start_ms = end_ms - count * 1000 // EVENTS_PER_S
    for number in range(count):
        person = people[chance.randrange(PEOPLE)]
        at_ms = start_ms + number * 1000 // EVENTS_PER_S
        event = {
            "event_id": f"{seed:04x}-{number:016x}",
            "event_type": "item.submitted",
            "actor_id": person,
            "queue_id": "images",
            "item_id": f"item-{number:012d}",
            "occurred_at": at_ms,
            "handle_ms": chance.randrange(1_000, 120_000),
        }
        yield person.encode(), orjson.dumps(event), at_ms
