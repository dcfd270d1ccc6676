"""Events as an item's history keeps them: small, ordered, and enough to tell its story again.

The order is total and depends on the events alone (time, life-cycle rank, id), never on arrival.
Codes are part of the state format: they are never reused and never change their meaning.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from schemas.groupings import SEPARATOR

Event = dict[str, Any]

CREATED, QUEUED, ESCALATED, ASSIGNED, CLAIMED, STARTED, RESUMED = 10, 20, 25, 30, 40, 50, 60
HEARTBEAT, PAUSED, EDITED, SUBMITTED, LABELLED, GOLDEN = 70, 80, 85, 90, 95, 96
SKIPPED, RELEASED, EXPIRED, REASSIGNED = 100, 110, 120, 130
REVIEW_QUEUED, REVIEW_ASSIGNED, REVIEW_STARTED, DECIDED = 160, 170, 180, 190
QA_SAMPLED, QA_DECIDED, APPEAL_FILED, APPEAL_DECIDED = 200, 210, 220, 230
#: A queueing after the first has a code of its own: at the same ms it follows what caused it.
REQUEUED, COMPLETED, CANCELLED, DELETED = 235, 240, 250, 260

#: The code of each event type that belongs to an item; codes order events of the same ms.
CODES: dict[str, int] = {
    "item.created": CREATED,
    "item.queued": QUEUED,
    "item.assigned": ASSIGNED,
    "item.claimed": CLAIMED,
    "work.started": STARTED,
    "work.resumed": RESUMED,
    "work.heartbeat": HEARTBEAT,
    "work.paused": PAUSED,
    "item.submitted": SUBMITTED,
    "label.recorded": LABELLED,
    "golden.answered": GOLDEN,
    "item.skipped": SKIPPED,
    "item.released": RELEASED,
    "assignment.expired": EXPIRED,
    "assignment.reassigned": REASSIGNED,
    "item.escalated": ESCALATED,
    "item.edited": EDITED,
    "review.queued": REVIEW_QUEUED,
    "review.assigned": REVIEW_ASSIGNED,
    "review.started": REVIEW_STARTED,
    "review.decided": DECIDED,
    "qa.sampled": QA_SAMPLED,
    "qa.decided": QA_DECIDED,
    "appeal.filed": APPEAL_FILED,
    "appeal.decided": APPEAL_DECIDED,
    "item.completed": COMPLETED,
    "item.cancelled": CANCELLED,
    "item.deleted": DELETED,
}

#: Dimensions that an event may carry beside queue, team and site: the envelope's field for each.
EXTRA_FIELDS: dict[str, str] = {
    "vendor": "vendor_id",
    "language": "language",
    "stage": "stage",
    "priority": "priority",
    "severity": "severity",
    "category": "category",
    "guideline": "guideline_version",
}

#: What each code keeps of its event beyond the common fields, in order.
DETAILS: dict[int, tuple[str, ...]] = {
    CREATED: ("due_at",),
    HEARTBEAT: ("active_ms_delta",),
    SUBMITTED: (
        "active_ms",
        "unit_count",
        "labels",
        "prediction_id",
        "edit_count",
        "attempt",
        "unit_id",
    ),
    LABELLED: ("unit_id", "label", "weight"),
    GOLDEN: ("correct", "expected", "actual", "options"),
    PAUSED: ("reason",),
    SKIPPED: ("reason",),
    RELEASED: ("reason",),
    CANCELLED: ("reason",),
    REQUEUED: ("reason",),
    ESCALATED: ("to_queue",),
    DECIDED: ("reviewer_id", "author_id", "outcome"),
    APPEAL_DECIDED: ("outcome",),
    COMPLETED: ("actor_type", "terminal_state"),
}


class Moment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event of one item, as small as its story allows.

    ``record_ms`` is the time of its Kafka record. ``details`` holds what ``DETAILS`` names for
    the code, ``extras`` the configured further dimensions, both in order.
    """

    t_ms: int
    code: int
    id: int
    record_ms: int
    queue: str | None
    team: str | None
    site: str | None
    actor: str | None
    assignment: str | None
    details: tuple[Any, ...]
    extras: tuple[str | None, ...]

    @property
    def order(self) -> tuple[int, int, int]:
        """What sorts an item's moments."""
        return (self.t_ms, self.code, self.id)


def event_hash(event_id: str) -> int:
    """64 bits that stand for an event id inside one item's history."""
    return int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest(), "big")


def moment_of(event: Event, record_ms: int, extra_dims: tuple[str, ...]) -> Moment:
    """The moment that an item's event is; KeyError when its type does not belong to items."""
    code = CODES[event["event_type"]]
    get = event.get
    if code == QUEUED and get("reason") not in (None, "new"):
        code = REQUEUED
    return Moment(
        event["occurred_at"],
        code,
        event_hash(event["event_id"]),
        record_ms,
        get("queue_id"),
        get("team_id"),
        get("site"),
        get("actor_id"),
        get("assignment_id"),
        tuple([get(name) for name in DETAILS[code]]) if code in DETAILS else (),
        tuple([get(EXTRA_FIELDS[dim]) for dim in extra_dims]) if extra_dims else (),
    )


def note_seen(event: Event, first_ms: dict[str, dict[str, int]], last_ms: dict[str, int]) -> None:
    """Note in both, by "org US source", when a type first occurred and when anything last did."""
    source = event["org_id"] + SEPARATOR + event["source"]
    kind, t_ms = event["event_type"], event["occurred_at"]
    kinds = first_ms.get(source)
    if kinds is None:
        kinds = first_ms[source] = {}
    if t_ms < kinds.get(kind, t_ms + 1):
        kinds[kind] = t_ms
    if t_ms > last_ms.get(source, -1):
        last_ms[source] = t_ms
