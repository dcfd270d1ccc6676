"""A few words in which tests write down events and what they count for."""

from typing import Any

from tests.oracle.lives import Event
from tests.oracle.measures import M
from tests.oracle.minutes import minute_rows
from tests.oracle.windows import of_subject

MINUTE_MS = 60_000
SECOND_MS = 1_000


def event(kind: str, at_ms: int, **fields: Any) -> Event:
    """An event of item ``i1`` (source ``s``, project ``p``) at a time in ms from zero."""
    number = f"{kind}@{at_ms}:{sorted(fields.items())}"
    return {
        "event_id": number,
        "event_type": kind,
        "occurred_at": at_ms,
        "org_id": "o",
        "source": "s",
        "project_id": "p",
        "item_id": "i1",
        **fields,
    }


def queued(at_ms: int, queue: str = "q", **fields: Any) -> Event:
    """The item enters a queue."""
    return event("item.queued", at_ms, queue_id=queue, **fields)


def turn(kind: str, at_ms: int, assignment: str = "a1", **fields: Any) -> Event:
    """An event of an assignment of person ``ann`` unless another actor is named."""
    return event(kind, at_ms, **{"assignment_id": assignment, "actor_id": "ann", **fields})


def submitted(at_ms: int, assignment: str = "a1", **fields: Any) -> Event:
    """A submission, of attempt 1 unless told otherwise."""
    return turn("item.submitted", at_ms, assignment, **{"attempt": 1, **fields})


def decided(at_ms: int, outcome: str, **fields: Any) -> Event:
    """A review of ann's work by rev."""
    people = {"review_id": "r", "reviewer_id": "rev", "author_id": "ann"}
    return event("review.decided", at_ms, outcome=outcome, **{**people, **fields})


def totals(events: list[Event], grouping: str = "all", dims: tuple[str, ...] = ()) -> dict[M, int]:
    """Each measure's sum over all time for a subject; a histogram's is its number of values."""
    counted: dict[M, int] = {}
    for row in of_subject(minute_rows(events), (grouping, dims)).itertuples():
        measure = M(row.key >> 12)
        counted[measure] = counted.get(measure, 0) + row.n
    return {measure: n for measure, n in counted.items() if n}


def flows(events: list[Event], grouping: str, dims: tuple[str, ...]) -> list[tuple[int, str, int]]:
    """The gauge flows of a subject as (minute, gauge, n), in the order of time."""
    mine = of_subject(minute_rows(events), (grouping, dims))
    return [
        (row.pane_ms // MINUTE_MS, M(row.key >> 12).name.removesuffix("_DELTA").lower(), row.n)
        for row in mine.itertuples()
        if M(row.key >> 12).name.endswith("_DELTA")
    ]
