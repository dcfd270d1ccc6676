"""Productive time, by hand: which spans count, for whom, and in which minutes."""

from random import Random
from typing import Any

import pytest

from schemas.measures import key_of
from streams.core.plan import HOUR_MS, MINUTE_MS
from tests.core.floors import Event, by_quarter, rows_of

T0 = 1_760_000_040_000
assert T0 % MINUTE_MS == 0
PRODUCTIVE = key_of("productive_ms")


def seen(at_ms: int, status: str = "online", **fields: Any) -> Event:
    said = {"actor_id": "p_a", "status": status, **fields}
    envelope = {"org_id": "acme", "source": "hr", "event_type": "presence.changed"}
    return {**envelope, "event_id": f"{at_ms}{sorted(said.items())}", "occurred_at": at_ms, **said}


def minutes(events: list[Event], grouping: str = "all") -> dict[tuple[tuple[str, ...], int], int]:
    """Productive ms by (values, minute after T0)."""
    return {
        (values, (start_ms - T0) // MINUTE_MS): tally[PRODUCTIVE]
        for (name, values, start_ms, _), tally in rows_of(events).items()
        if name == grouping
    }


def total(events: list[Event]) -> int:
    return sum(minutes(events).values())


def test_time_is_cut_at_the_borders_of_minutes() -> None:
    events = [seen(T0 + 50_000), seen(T0 + 130_000, "offline")]
    assert minutes(events) == {((), 0): 10_000, ((), 1): 60_000, ((), 2): 10_000}


@pytest.mark.parametrize("status", ["active", "available", "online", "working", "Busy"])
def test_these_statuses_are_productive_unless_the_event_says_otherwise(status: str) -> None:
    after = seen(T0 + 5, "offline")
    assert total([seen(T0, status), after]) == 5
    assert total([seen(T0, status, productive=False), after]) == 0


@pytest.mark.parametrize("status", ["offline", "away", "break", "meeting", ""])
def test_other_statuses_are_productive_only_when_the_event_says_so(status: str) -> None:
    after = seen(T0 + 5, "offline")
    assert total([seen(T0, status), after]) == 0
    assert total([seen(T0, status, productive=True), after]) == 5


def test_a_silence_of_sixteen_hours_counts_and_a_longer_one_is_unknown() -> None:
    assert total([seen(T0), seen(T0 + 16 * HOUR_MS)]) == 16 * HOUR_MS
    assert total([seen(T0), seen(T0 + 16 * HOUR_MS + 1)]) == 0


def test_nobody_is_known_to_go_on_after_their_last_event() -> None:
    assert total([seen(T0)]) == 0


def test_time_belongs_to_the_team_and_site_of_its_beginning_and_to_no_project() -> None:
    events = [seen(T0, team_id="red", site="cebu"), seen(T0 + 9, team_id="blue", site="lodz")]
    assert minutes(events, "team") == {(("acme", "red"), 0): 9}
    assert minutes(events, "site") == {(("acme", "cebu"), 0): 9}
    assert minutes(events, "annotator") == {(("acme", "p_a"), 0): 9}
    assert minutes(events, "project") == minutes(events, "queue") == {}


def test_a_person_of_two_sources_is_two_people_at_work() -> None:
    events = [seen(T0), seen(T0 + 9, "offline", source="crm")]
    assert total(events) == 0


@pytest.mark.parametrize("seed", range(20))
def test_any_order_and_repeats_make_the_same_time(seed: int) -> None:
    rng = Random(seed)
    events = [
        seen(T0 + rng.randrange(6) * 30_000, rng.choice(("online", "away")), number=number)
        for number in range(8)
    ]
    shuffled = rng.sample(events, len(events)) + rng.choices(events, k=3)
    assert by_quarter(rows_of(shuffled)) == by_quarter(rows_of(events))
