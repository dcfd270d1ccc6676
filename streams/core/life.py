"""One item's life, told by its moments in order: states, times, people, and the facts of each step.

``Life`` is a fold: feeding the same moments in order always yields the same facts. Everything
about confluence follows from that (see ``items.py``): an event out of order means the story is
told again, and only the difference counts.
"""

from schemas.measures import key_of
from streams.core.facts import Delta, Fact, Scope
from streams.core.moments import Moment

WAITING, IN_WORK, SUBMITTED, IN_REVIEW = "waiting", "in_work", "submitted", "in_review"
REVIEWED, ESCALATED, CLOSED, UNOPENED = "reviewed", "escalated", "closed", ""

#: What the coming and going of items in a state is counted as.
STATE_DELTA: dict[str, int] = {
    WAITING: key_of("waiting_delta"),
    IN_WORK: key_of("in_work_delta"),
    IN_REVIEW: key_of("in_review_delta"),
}
OPEN_DELTA = key_of("open_delta")
#: Every measure that counts an open item in one of these states.
_HELD_IN = {state: (OPEN_DELTA, key) for state, key in STATE_DELTA.items()}


class Life:
    """An item's present state, and the facts that its last step brought (``facts``)."""

    __slots__ = (
        "accepted",
        "active_known",
        "active_ms",
        "annotator",
        "assignments",
        "attempt",
        "authors",
        "base",
        "beats_ms",
        "claim_last",
        "claims",
        "closed",
        "completed_ms",
        "created_ms",
        "due_ms",
        "extras",
        "facts",
        "first_claimed_ms",
        "first_queued_ms",
        "handle_ms",
        "held",
        "held_state",
        "labels",
        "last_claimed_ms",
        "opened",
        "outcome",
        "passed",
        "queue",
        "queued_ms",
        "reviewed_ms",
        "reviewer",
        "reviews",
        "site",
        "started_ms",
        "starts",
        "submissions",
        "submitted_ms",
        "team",
    )

    def __init__(self, extra_count: int = 0) -> None:
        self.facts: list[Fact] = []
        self.base = UNOPENED
        self.opened = self.closed = self.passed = self.active_known = False
        self.queue = self.team = self.site = ""
        self.annotator = self.reviewer = self.outcome = ""
        self.extras: tuple[str, ...] = ("",) * extra_count
        self.labels: tuple[str, ...] = ()
        self.attempt: int | None = None
        self.claims = self.submissions = self.reviews = self.active_ms = 0
        self.handle_ms: int | None = None
        self.created_ms: int | None = None
        self.due_ms: int | None = None
        self.first_queued_ms: int | None = None
        self.queued_ms: int | None = None
        self.first_claimed_ms: int | None = None
        self.last_claimed_ms: int | None = None
        self.started_ms: int | None = None
        self.submitted_ms: int | None = None
        self.reviewed_ms: int | None = None
        self.completed_ms: int | None = None
        #: Assignments at work now, in order of their start.
        self.assignments: dict[str, None] = {}
        #: Per assignment since its last submission: when work started, as (work.started?, ms).
        self.starts: dict[str, tuple[bool, int]] = {}
        self.beats_ms: dict[str, int] = {}
        #: Team and site of each author's latest submission, for the facts of their reviews.
        self.authors: dict[str, tuple[str, str]] = {}
        #: The scope of the accept that nothing has taken back.
        self.accepted: Scope | None = None
        #: Backlog measures that count the item now, each with the scope it came in with.
        self.held: dict[int, Scope] = {}
        self.held_state = UNOPENED
        self.claim_last: Fact | None = None

    @property
    def state(self) -> str:
        """The state that counts for the backlog; work in progress outranks the rest."""
        if self.closed:
            return CLOSED
        return IN_WORK if self.assignments else self.base

    @property
    def is_open(self) -> bool:
        """Whether the item is part of the backlog."""
        return self.opened and not self.closed

    def settle(self, moment: Moment, queue_before: str) -> None:
        """Book the change of place that a moment brought, if any.

        An item leaves a state with the very scope it came in with, so that in every grouping the
        running sum of a delta is the number of items there. When its queue moves, what it holds
        moves along.
        """
        state = UNOPENED
        if self.opened and not self.closed:
            state = IN_WORK if self.assignments else self.base
        moved = self.queue != queue_before
        if state == self.held_state and not moved:
            return
        held = self.held
        wanted = _HELD_IN.get(state) or ((OPEN_DELTA,) if self.is_open else ())
        for key in [key for key in held if key not in wanted]:
            self.emit(moment, held.pop(key), ((key, -1),))
        for key in wanted:
            scope = held.get(key)
            if scope is None:
                held[key] = self.flow_scope(moment)
            elif moved and scope.queue != self.queue:
                self.emit(moment, scope, ((key, -1),))
                held[key] = scope._replace(queue=self.queue)
            else:
                continue
            self.emit(moment, held[key], ((key, +1),))
        self.held_state = state

    def emit(self, moment: Moment, scope: Scope, deltas: tuple[Delta, ...]) -> None:
        """Book signed counts at the moment's time."""
        self.facts.append(Fact(moment.t_ms, scope, deltas))

    def flow_scope(self, moment: Moment) -> Scope:
        """The scope of what happens to an item without a person's doing."""
        queue = moment.queue if moment.queue is not None else self.queue
        return Scope(queue, moment.team, moment.site, None, None, None, self.extras)

    def person_scope(self, moment: Moment) -> Scope:
        """The scope of what a person did as an annotator."""
        queue = moment.queue if moment.queue is not None else self.queue
        team, site = moment.team or "", moment.site or ""
        return Scope(queue, team, site, moment.actor or "", None, None, self.extras)
