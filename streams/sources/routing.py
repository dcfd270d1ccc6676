"""Which topic an event goes to, and with which key, for whoever sends plain dicts."""

from dataclasses import dataclass
from typing import Literal

Topic = Literal["annotations", "reviews", "workforce"]

_REVIEWS = ("review.", "qa.", "appeal.")
_WORKFORCE = ("presence.", "shift.", "break.", "exposure.", "training.", "calibration.")
_KEY_FIELDS = {
    "guideline.published": "project_id",
    "snapshot.backlog": "queue_id",
    "source.heartbeat": "source",
}


@dataclass(frozen=True, slots=True)
class Route:
    """The topic's short name, and the field whose value is the key."""

    topic: Topic
    key_field: str


def route_of(event_type: str) -> Route:
    """The route of an event type; an unknown type goes where the dead letter will name it."""
    if event_type.startswith(_REVIEWS):
        return Route("reviews", "item_id")
    if event_type.startswith(_WORKFORCE):
        return Route("workforce", "actor_id")
    return Route("annotations", _KEY_FIELDS.get(event_type, "item_id"))
