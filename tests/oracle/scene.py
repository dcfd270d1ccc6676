"""What all readings of one item share: its identity, its present queue, and the facts so far."""

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.oracle.lives import Event, Identity
from tests.oracle.measures import M, key_of

MINUTE_MS = 60_000


class Dims(NamedTuple):
    """Where a fact belongs; None is "does not apply", the empty string is "was not given"."""

    org: str
    source: str
    project: str | None
    queue: str | None
    team: str | None
    site: str | None
    annotator: str | None = None
    reviewer: str | None = None
    label: str | None = None


class Fact(NamedTuple):
    """``n`` more of one tally key, in the minute that starts at ``pane_ms``."""

    pane_ms: int
    key: int
    dims: Dims
    n: int


def pane_of(at_ms: int) -> int:
    """The start of the minute that holds a moment."""
    return at_ms - at_ms % MINUTE_MS


@dataclass(slots=True)
class Scene:
    """One item while its life is walked through; ``facts`` grow as readers book them."""

    identity: Identity
    queue: str = ""
    moved: bool = False
    facts: list[Fact] = field(default_factory=list)

    def enter(self, event: Event) -> None:
        """Take the item's queue from an event that says where the item now lies."""
        named = {
            "item.created": event.get("queue_id"),
            "item.queued": event.get("queue_id"),
            "item.escalated": event.get("to_queue"),
        }.get(event["event_type"])
        self.moved = named is not None
        if named is not None:
            self.queue = named

    def flow(self, event: Event) -> Dims:
        """Dimensions of what happens to an item: team and site only where the event says so."""
        org, source, project, _ = self.identity
        queue = event.get("queue_id", self.queue)
        return Dims(org, source, project, queue, event.get("team_id"), event.get("site"))

    def person(self, event: Event, annotator: str) -> Dims:
        """Dimensions of what a person did: team and site always apply."""
        dims = self.flow(event)
        return dims._replace(team=dims.team or "", site=dims.site or "", annotator=annotator)

    def book(self, event: Event, measure: M, dims: Dims, n: int = 1) -> None:
        """Count ``n`` in the minute of the event."""
        self.facts.append(Fact(pane_of(event["occurred_at"]), key_of(measure), dims, n))

    def book_duration(self, event: Event, measure: M, dims: Dims, duration_ms: int) -> None:
        """Count one duration in its bin, in the minute of the event."""
        key = key_of(measure, duration_ms)
        self.facts.append(Fact(pane_of(event["occurred_at"]), key, dims, 1))
