"""What people do to an item before review: queueing, claims, submissions, completion, golden."""

from dataclasses import dataclass, field

from tests.oracle.lives import Event
from tests.oracle.measures import M
from tests.oracle.scene import Dims, Scene


@dataclass(slots=True)
class Assignment:
    """One person's turn at an item: when it was taken, when started, heartbeats not yet used."""

    taken_ms: int | None = None
    started_ms: int | None = None
    beats_ms: int | None = None


@dataclass(slots=True)
class Work:
    """Books measures 1-5, 8-9, 11-29, 38-44 and 49 while an item's life goes by."""

    scene: Scene
    created_ms: int | None = None
    queued_ms: int | None = None
    claims: int = 0
    completions: int = 0
    active_ms: int | None = None
    handle_ms: int | None = None
    last_claim: tuple[Event, Dims, int] | None = None
    assignments: dict[str, Assignment] = field(default_factory=dict)

    def step(self, event: Event) -> None:
        """Book what this one event says, given all before it."""
        at_ms = event["occurred_at"]
        match event["event_type"]:
            case "item.created":
                self.created_ms = at_ms if self.created_ms is None else self.created_ms
            case "item.queued":
                self._queued(event)
            case "item.claimed" | "item.assigned":
                self._claimed(event)
            case "work.started":
                turn = self._turn(event)
                turn.started_ms = at_ms if turn.started_ms is None else turn.started_ms
            case "work.heartbeat":
                turn = self._turn(event)
                turn.beats_ms = (turn.beats_ms or 0) + event["active_ms_delta"]
            case "item.submitted":
                self._submitted(event)
            case "item.skipped":
                self.scene.book(event, M.SKIPPED, self.scene.person(event, event["actor_id"]))
            case "assignment.expired":
                self.scene.book(event, M.EXPIRED, self.scene.flow(event))
            case "item.completed":
                self._completed(event)
            case "golden.answered":
                self._golden(event)

    def finish(self) -> None:
        """Book what only the whole life tells: how long the latest claim came after queueing."""
        if self.last_claim is not None:
            event, dims, waited_ms = self.last_claim
            self.scene.book_duration(event, M.CLAIM_LAST_HIST, dims, waited_ms)

    def _turn(self, event: Event) -> Assignment:
        return self.assignments.setdefault(event["assignment_id"], Assignment())

    def _queued(self, event: Event) -> None:
        new = event.get("reason", "new") == "new"
        self.scene.book(event, M.ARRIVED if new else M.REQUEUED, self.scene.flow(event))
        if self.queued_ms is None:
            self.queued_ms = event["occurred_at"]

    def _claimed(self, event: Event) -> None:
        turn, at_ms = self._turn(event), event["occurred_at"]
        turn.taken_ms = at_ms if turn.taken_ms is None else turn.taken_ms
        dims = self.scene.person(event, event["actor_id"])
        self.scene.book(event, M.CLAIMED, dims)
        self.claims += 1
        if self.queued_ms is None:
            return
        waited_ms = at_ms - self.queued_ms
        if self.claims == 1:
            self.scene.book_duration(event, M.CLAIM_FIRST_HIST, dims, waited_ms)
        self.last_claim = (event, dims, waited_ms)

    def _submitted(self, event: Event) -> None:
        turn = self._turn(event)
        dims = self.scene.person(event, event["actor_id"])
        self.scene.book(event, M.SUBMITTED, dims)
        for label in set(event.get("labels", ())):
            self.scene.book(event, M.SUBMITTED, dims._replace(label=label))
            self.scene.book(event, M.LABELLED, dims._replace(label=label))
        if "prediction_id" in event:
            self.scene.book(event, M.PRELABEL_SUBMITTED, dims)
            if event.get("edit_count") == 0:
                self.scene.book(event, M.PRELABEL_UNEDITED, dims)
        active_ms = event.get("active_ms", turn.beats_ms)
        turn.beats_ms = None
        begun_ms = turn.taken_ms if turn.started_ms is None else turn.started_ms
        # A later submission of the assignment is a stint of its own, with a start of its own.
        turn.taken_ms = turn.started_ms = None
        handle_ms = None if begun_ms is None else event["occurred_at"] - begun_ms
        if handle_ms is not None:
            self._handled(event, dims, handle_ms)
        if active_ms is not None:
            self._active(event, dims, active_ms, handle_ms)

    def _handled(self, event: Event, dims: Dims, handle_ms: int) -> None:
        self.handle_ms = (self.handle_ms or 0) + handle_ms
        self.scene.book(event, M.HANDLED, dims)
        self.scene.book(event, M.HANDLE_MS, dims, handle_ms)
        self.scene.book_duration(event, M.HANDLE_HIST, dims, handle_ms)

    def _active(self, event: Event, dims: Dims, active_ms: int, handle_ms: int | None) -> None:
        self.active_ms = (self.active_ms or 0) + active_ms
        self.scene.book(event, M.ACTIVE_MS, dims, active_ms)
        self.scene.book(event, M.ACTIVE_N, dims)
        if event["attempt"] >= 2:
            self.scene.book(event, M.REWORK_ACTIVE_MS, dims, active_ms)
        if "unit_count" in event:
            self.scene.book(event, M.UNITS, dims, event["unit_count"])
            self.scene.book(event, M.UNITS_ACTIVE_MS, dims, active_ms)
        if handle_ms is not None:
            self.scene.book(event, M.RATIO_ACTIVE_MS, dims, active_ms)
            self.scene.book(event, M.RATIO_ELAPSED_MS, dims, handle_ms)

    def _completed(self, event: Event) -> None:
        dims = self.scene.flow(event)
        self.scene.book(event, M.COMPLETED, dims)
        self.completions += 1
        if self.completions > 1:
            return
        self.scene.book(event, M.COMPLETED_FIRST, dims)
        by_system = event.get("actor_type") == "system"
        if by_system:
            self.scene.book(event, M.AUTO_CLOSED, dims)
        if self.created_ms is None:
            return
        span_ms = event["occurred_at"] - self.created_ms
        if not by_system:
            self.scene.book_duration(event, M.TURNAROUND_HIST, dims, span_ms)
        if self.active_ms is not None:
            self.scene.book(event, M.FLOW_ACTIVE_MS, dims, self.active_ms)
            self.scene.book(event, M.FLOW_ELAPSED_MS, dims, span_ms)

    def _golden(self, event: Event) -> None:
        dims = self.scene.person(event, event["actor_id"])
        self.scene.book(event, M.GOLDEN_N, dims)
        if event["correct"]:
            self.scene.book(event, M.GOLDEN_CORRECT, dims)
        expected, actual = event.get("expected"), event.get("actual")
        if expected is None or actual is None:
            return
        if expected == actual:
            self.scene.book(event, M.GOLDEN_TP, dims._replace(label=actual))
        else:
            self.scene.book(event, M.GOLDEN_FN, dims._replace(label=expected))
            self.scene.book(event, M.GOLDEN_FP, dims._replace(label=actual))
            if "options" in event:
                self.scene.book(event, M.GOLDEN_FP_KNOWN, dims._replace(label=actual))
        for option in set(event.get("options", ())) - {expected, actual}:
            self.scene.book(event, M.GOLDEN_TN, dims._replace(label=option))
