"""Events gathered into lives: the distinct events of one item, or of one person, in order."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

Event = dict[str, Any]
Identity = tuple[str, str, str, str]

#: A queueing after the first follows, in the same millisecond, what caused it.
RANK_REQUEUED = 29

#: Where a type stands in an item's life: decides between events of the same millisecond.
RANKS = {
    "item.created": 0,
    "item.queued": 1,
    "item.escalated": 2,
    "item.assigned": 3,
    "item.claimed": 4,
    "work.started": 5,
    "work.resumed": 6,
    "work.heartbeat": 7,
    "work.paused": 8,
    "item.edited": 9,
    "item.submitted": 10,
    "label.recorded": 11,
    "golden.answered": 12,
    "item.skipped": 13,
    "item.released": 14,
    "assignment.expired": 15,
    "assignment.reassigned": 16,
    "review.queued": 20,
    "review.assigned": 21,
    "review.started": 22,
    "review.decided": 23,
    "qa.sampled": 24,
    "qa.decided": 25,
    "appeal.filed": 26,
    "appeal.decided": 27,
    "item.completed": 30,
    "item.cancelled": 31,
    "item.deleted": 32,
}


def item_lives(events: Iterable[Event]) -> dict[Identity, list[Event]]:
    """Each item's distinct events in life-cycle order, by (org, source, project, item)."""
    seen: dict[Identity, dict[str, Event]] = {}
    for event in events:
        if event["event_type"] in RANKS:
            identity = (
                event["org_id"],
                event["source"],
                event["project_id"],
                event["item_id"],
            )
            seen.setdefault(identity, {}).setdefault(event["event_id"], _given(event))
    return {identity: sorted(life.values(), key=_moment) for identity, life in seen.items()}


def _given(event: Event) -> Event:
    # A null is a field that was not given.
    return {name: value for name, value in event.items() if value is not None}


def _moment(event: Event) -> tuple[int, int, int]:
    rank = RANKS[event["event_type"]]
    if event["event_type"] == "item.queued" and event.get("reason") not in (None, "new"):
        rank = RANK_REQUEUED
    return event["occurred_at"], rank, id_order(event)


def id_order(event: Event) -> int:
    """What decides between events of one type in one millisecond: a hash of the event id."""
    digest = blake2b(event["event_id"].encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def presence_lives(events: Iterable[Event]) -> list[list[Event]]:
    """Each person's distinct ``presence.changed`` events in order of time."""
    seen: dict[tuple[str, str, str], dict[str, Event]] = {}
    for event in events:
        if event["event_type"] == "presence.changed":
            person = (event["org_id"], event["source"], event["actor_id"])
            seen.setdefault(person, {}).setdefault(event["event_id"], _given(event))
    return [
        sorted(life.values(), key=lambda e: (e["occurred_at"], id_order(e)))
        for life in seen.values()
    ]
