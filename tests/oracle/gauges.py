"""The state of an item, and the signed flows between states."""

from dataclasses import dataclass, field

from tests.oracle.lives import Event
from tests.oracle.measures import M
from tests.oracle.scene import Dims, Scene

_STAGES = {
    "waiting": M.WAITING_DELTA,
    "in_work": M.IN_WORK_DELTA,
    "in_review": M.IN_REVIEW_DELTA,
}
GAUGES = (*_STAGES.values(), M.OPEN_DELTA)
TAKEN = {"item.assigned", "item.claimed", "work.started", "work.resumed"}
GIVEN_BACK = {"item.skipped", "item.released", "assignment.expired"}
CLOSING = {"item.completed", "item.cancelled", "item.deleted"}
IN_REVIEW = {"review.queued", "review.assigned", "review.started"}


@dataclass(slots=True)
class Gauges:
    """Walks an item through its states; ``held`` says in which gauges it is, and where.

    A gauge that is left gives back exactly what it took: the dimensions of entering, so that
    in every grouping the flows add up to the items that are there.
    """

    scene: Scene
    stage: str = ""
    closed: bool = False
    #: Latest queueing, else the creation that opened the item.
    queued_ms: int | None = None
    active: set[str] = field(default_factory=set)
    held: dict[M, Dims] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """``closed``, ``in_work``, a stage, or empty before the item was opened."""
        if self.closed:
            return "closed"
        return "in_work" if self.active else self.stage

    def step(self, event: Event) -> None:
        """Change state as the event says and book what was entered, left or moved."""
        self._change(event)
        for gauge in GAUGES:
            before = self.held.pop(gauge, None)
            after = self._held_after(gauge, before, event)
            if after is not None:
                self.held[gauge] = after
            if before == after:
                continue
            if before is not None:
                self.scene.book(event, gauge, before, -1)
            if after is not None:
                self.scene.book(event, gauge, after, 1)

    def _held_after(self, gauge: M, before: Dims | None, event: Event) -> Dims | None:
        inside = self.state not in ("", "closed")
        if gauge is not M.OPEN_DELTA:
            inside = _STAGES.get(self.state) is gauge
        if not inside:
            return None
        if before is None:
            return self.scene.flow(event)
        return before._replace(queue=self.scene.queue) if self.scene.moved else before

    def _change(self, event: Event) -> None:
        kind = event["event_type"]
        if kind in CLOSING:
            self.closed = True
            self.active.clear()
        elif kind == "item.queued":
            self.closed = False
            self.active.clear()
            self.stage = "waiting"
            self.queued_ms = event["occurred_at"]
        elif not self.closed:
            self._change_open(kind, event)

    def _change_open(self, kind: str, event: Event) -> None:
        if kind == "item.created" and not self.state:
            self.stage = "waiting"
            self.queued_ms = event["occurred_at"]
        elif kind in TAKEN:
            self.active.add(event["assignment_id"])
            self.stage = self.stage or "waiting"
        elif kind == "item.submitted":
            self.active.discard(event["assignment_id"])
            self.stage = "submitted"
        elif kind in GIVEN_BACK and event["assignment_id"] in self.active:
            self.active.remove(event["assignment_id"])
            if not self.active:
                self.stage = "waiting"
        elif self.state:
            self._change_stage(kind)

    def _change_stage(self, kind: str) -> None:
        if kind == "item.escalated":
            self.active.clear()
            self.stage = "escalated"
        elif kind in IN_REVIEW:
            self.stage = "in_review"
        elif kind == "review.decided":
            self.stage = "reviewed"
