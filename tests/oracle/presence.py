"""Productive time of people, from what they say about their presence."""

from collections.abc import Iterator
from itertools import pairwise

from tests.oracle.lives import Event
from tests.oracle.measures import M, key_of
from tests.oracle.scene import MINUTE_MS, Dims, Fact, pane_of

#: Statuses that are productive when the event does not say so itself.
PRODUCTIVE = ("active", "available", "online", "working", "busy")
#: A longer silence between two events is unknown and counts nothing.
GAP_MS_MAX = 16 * 3_600_000


def productive_facts(life: list[Event]) -> Iterator[Fact]:
    """Milliseconds of productive presence per minute, between one event and the next.

    What comes after a person's last event is unknown and counts nothing.
    """
    for event, following in pairwise(life):
        span_ms = following["occurred_at"] - event["occurred_at"]
        if _is_productive(event) and span_ms <= GAP_MS_MAX:
            yield from _split(event, event["occurred_at"], following["occurred_at"])


def _is_productive(event: Event) -> bool:
    productive = event.get("productive")
    if productive is None:
        return event["status"].lower() in PRODUCTIVE
    return bool(productive)


def _split(event: Event, start_ms: int, end_ms: int) -> Iterator[Fact]:
    dims = Dims(
        event["org_id"],
        event["source"],
        None,
        None,
        event.get("team_id", ""),
        event.get("site", ""),
        event["actor_id"],
    )
    for pane_ms in range(pane_of(start_ms), end_ms, MINUTE_MS):
        overlap_ms = min(end_ms, pane_ms + MINUTE_MS) - max(start_ms, pane_ms)
        yield Fact(pane_ms, key_of(M.PRODUCTIVE_MS), dims, overlap_ms)
