"""The whole floor offline: bytes in, rows out, whatever the number of partitions."""

from random import Random
from typing import Any

import msgspec
import pytest

from schemas.codec import AcceptedTimes, Decoder, DecoderSettings
from schemas.dead_letters import Reason
from schemas.topics import Role
from streams.core.engine import Engine
from streams.core.plan import DAY_MS, HOUR_MS, Plan
from tests.core.floors import CALENDAR, Event, role_of
from tests.oracle.histories import START_MS, history

ANY_TIME = DecoderSettings(accepted=AcceptedTimes(-400 * DAY_MS, 400 * DAY_MS))


def floor(
    events: list[Event], partitions: int, flush_every: int, plan: Plan | None = None
) -> Engine:
    """A floor that has taken in events, with a tick and a flush every so many of them."""
    engine = Engine(plan or Plan(), Decoder(None, ANY_TIME), CALENDAR, partitions=partitions)
    for number, event in enumerate(sorted(events, key=lambda event: event["received_at"])):
        key = event.get("item_id") or event["actor_id"]
        engine.put(role_of(event), key.encode(), msgspec.json.encode(event), event["received_at"])
        if number % flush_every == 0:
            engine.tick(event["received_at"])
            engine.flush()
    engine.tick(max(event["received_at"] for event in events) + 1)
    engine.flush()
    return engine


def told(engine: Engine) -> dict[str, Any]:
    """Everything a floor said, without what only numbers its flushes."""
    found = engine.found
    snapshots = {
        subject: (row.gauge, row.open_since)
        for subject, row in found.snapshots.items()
        if row.gauge["open"]
    }
    return {
        "rollups": {at: row.tally for at, row in found.rollups.items() if row.tally},
        "items": {at: msgspec.structs.replace(row, revision=0) for at, row in found.items.items()},
        "labels": {at: msgspec.structs.replace(r, revision=0) for at, r in found.labels.items()},
        "backlog": snapshots,
        "conservation": engine.counters(),
    }


@pytest.mark.parametrize("seed", range(5))
def test_one_four_or_seven_partitions_say_the_same(seed: int) -> None:
    rng = Random(seed)
    events = history(rng, items=8)
    one = told(floor(events, 1, flush_every=10_000))
    assert told(floor(events, 4, flush_every=rng.randrange(5, 40))) == one
    assert told(floor(events, 7, flush_every=rng.randrange(5, 40))) == one


def beat(number: int, at_ms: int = START_MS) -> Event:
    return {
        "event_id": f"e{number}",
        "event_type": "work.heartbeat",
        "schema_version": "1.0",
        "occurred_at": at_ms,
        "received_at": START_MS,
        "org_id": "acme",
        "source": "cvat",
        "project_id": "7",
        "item_id": "i1",
        "actor_id": "p_a",
        "assignment_id": "a1",
        "active_ms_delta": 1,
    }


def test_an_item_that_is_full_refuses_new_events_and_still_knows_repeats() -> None:
    events = [beat(n) for n in (0, 1, 2, 3, 0, 4)]
    engine = floor(events, 4, 1, Plan(item_events_max=3))
    assert [letter.reason for letter in engine.found.dead] == [Reason.TOO_MANY_EVENTS] * 2
    counted = {"consumed": 6, "applied": 3, "duplicate": 1, "late": 0, "dead": 2}
    assert engine.counters() == counted
    (row,) = engine.found.items.values()
    assert row.events == 3


def test_what_cannot_be_read_is_dead_and_its_neighbours_are_counted() -> None:
    engine = Engine(Plan(), Decoder(None, ANY_TIME), CALENDAR, partitions=4)
    for value in (b"{", msgspec.json.encode(beat(0)), b"", msgspec.json.encode(beat(1))):
        engine.put(Role.ANNOTATIONS, b"i1", value, START_MS)
    engine.flush()
    counted = {"consumed": 4, "applied": 2, "duplicate": 0, "late": 0, "dead": 2}
    assert engine.counters() == counted
    assert len(engine.found.dead) == 2


def test_an_event_is_late_by_its_record_alone() -> None:
    on_time, late = beat(0, START_MS - HOUR_MS), beat(1, START_MS - HOUR_MS - 1)
    assert floor([on_time], 1, 1).counters()["late"] == 0
    assert floor([late], 1, 1).counters()["late"] == 1
