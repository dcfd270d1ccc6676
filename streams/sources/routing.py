"""Which topic a plain event dict goes to, and with which key."""

from dataclasses import dataclass

from schemas.events import ROUTES
from schemas.topics import Role

_UNKNOWN = (Role.ANNOTATIONS, "item_id")


@dataclass(frozen=True, slots=True)
class Route:
    """The topic's role, and the Kafka key; None when the event lacks the key's field."""

    role: Role
    key: bytes | None


def route_of(event: dict[str, object]) -> Route:
    """The event's route; one of an unknown type goes where a dead letter will name it."""
    event_type = event.get("event_type")
    role, field = ROUTES.get(event_type, _UNKNOWN) if isinstance(event_type, str) else _UNKNOWN
    key = event.get(field)
    return Route(role, None if key is None else str(key).encode("utf-8", "replace"))
