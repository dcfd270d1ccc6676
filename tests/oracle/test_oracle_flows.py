"""The oracle's reading of states: hand-made lives and the flows that they must give."""

import pytest

from tests.oracle.lives import Event
from tests.oracle.scripts import MINUTE_MS, decided, event, flows, queued, submitted, turn


def at(minute: int) -> int:
    return minute * MINUTE_MS


OPENED = (0, "open", 1)
WAITS = (0, "waiting", 1)

LIVES: dict[str, tuple[list[Event], list[tuple[int, str, int]]]] = {
    "a created item waits until it is queued, and then still waits": (
        [event("item.created", at(0), queue_id="q"), queued(at(1))],
        [WAITS, OPENED],
    ),
    "from the queue into work, submitted, reviewed, completed": (
        [
            queued(at(0)),
            turn("item.claimed", at(1)),
            turn("work.started", at(2)),
            submitted(at(3)),
            event("review.queued", at(4), review_id="r"),
            decided(at(5), "accept"),
            event("item.completed", at(6), terminal_state="done"),
        ],
        [
            WAITS,
            OPENED,
            (1, "waiting", -1),
            (1, "in_work", 1),
            (3, "in_work", -1),
            (4, "in_review", 1),
            (5, "in_review", -1),
            (6, "open", -1),
        ],
    ),
    "a skip brings it back to waiting": (
        [queued(at(0)), turn("item.claimed", at(1)), turn("item.skipped", at(2), reason="x")],
        [
            WAITS,
            OPENED,
            (1, "waiting", -1),
            (1, "in_work", 1),
            (2, "waiting", 1),
            (2, "in_work", -1),
        ],
    ),
    "two overlapping turns are one stay in work": (
        [
            queued(at(0)),
            turn("item.claimed", at(1)),
            turn("item.claimed", at(2), "a2"),
            submitted(at(3)),
            submitted(at(4), "a2"),
        ],
        [WAITS, OPENED, (1, "waiting", -1), (1, "in_work", 1), (4, "in_work", -1)],
    ),
    "an expiry of a turn that is over changes nothing": (
        [queued(at(0)), submitted(at(1)), event("assignment.expired", at(2), assignment_id="a1")],
        [WAITS, OPENED, (1, "waiting", -1)],
    ),
    "queueing opens a closed item again and ends all turns": (
        [
            queued(at(0)),
            event("item.cancelled", at(1), reason="x"),
            turn("item.claimed", at(2)),
            queued(at(3)),
        ],
        [WAITS, OPENED, (1, "waiting", -1), (1, "open", -1), (3, "waiting", 1), (3, "open", 1)],
    ),
    "what was closed before it was opened stays closed": (
        [event("item.deleted", at(0), reason="x"), submitted(at(1))],
        [],
    ),
    "a review alone opens nothing": (
        [decided(at(0), "reject"), submitted(at(1))],
        [(1, "open", 1)],
    ),
    "an escalated item is open but waits for nobody until it is queued": (
        [
            queued(at(0)),
            event("item.escalated", at(1), from_queue="q", to_queue="q"),
            queued(at(2)),
        ],
        [WAITS, OPENED, (1, "waiting", -1), (2, "waiting", 1)],
    ),
}


@pytest.mark.parametrize("name", LIVES)
def test_flows(name: str) -> None:
    life, expected = LIVES[name]
    assert flows(life, "all", ()) == expected
    assert flows(list(reversed(life)) + life, "all", ()) == expected


def test_a_state_is_left_where_it_was_entered() -> None:
    life = [queued(at(0), "old"), turn("item.claimed", at(1), team_id="blue"), submitted(at(2))]
    assert flows(life, "team", ("o", "blue")) == [(1, "in_work", 1), (2, "in_work", -1)]


def test_an_item_that_moves_takes_its_gauges_along() -> None:
    life = [queued(at(0), "old"), queued(at(1), "new", reason="rework")]
    moved = flows(life, "queue", ("o", "s", "p", "old"))
    assert moved == [WAITS, OPENED, (1, "waiting", -1), (1, "open", -1)]
    arrived = flows(life, "queue", ("o", "s", "p", "new"))
    assert arrived == [(1, "waiting", 1), (1, "open", 1)]


def test_events_of_one_millisecond_follow_the_life_cycle() -> None:
    life = [submitted(0), turn("work.started", 0), turn("item.claimed", 0), queued(0)]
    assert flows(life, "all", ()) == [OPENED]
