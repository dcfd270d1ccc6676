"""One item's life, told by its moments in order: states, times, people, and the facts of each step.

``Life`` is a fold: feeding the same moments in order always yields the same facts. Everything
about confluence follows from that (see ``items.py``): an event out of order means the story is
told again, and only the difference counts.
"""

from schemas.measures import key_of
from streams.core.facts import Delta, Fact, Scope
from streams.core.moments import Moment

# A named tuple's own constructor costs three times as much, and every fact needs two of them.
_new = tuple.__new__

WAITING, IN_WORK, SUBMITTED, IN_REVIEW = "waiting", "in_work", "submitted", "in_review"
REVIEWED, ESCALATED, CLOSED, UNOPENED = "reviewed", "escalated", "closed", ""

_OPENED, _SHUT = ((key_of("open_delta"), +1),), ((key_of("open_delta"), -1),)
#: What coming into a state and leaving it is counted as; the other states have no count.
_CAME: dict[str, tuple[Delta, ...]] = {
    WAITING: ((key_of("waiting_delta"), +1),),
    IN_WORK: ((key_of("in_work_delta"), +1),),
    IN_REVIEW: ((key_of("in_review_delta"), +1),),
}
_LEFT = {state: tuple([(key, -n) for key, n in deltas]) for state, deltas in _CAME.items()}


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
        "held_state",
        "labels",
        "last_claimed_ms",
        "open_scope",
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
        "state_scope",
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
        #: The state that is booked, and the scopes in which the item came in: into the backlog,
        #: and into that state if it is counted.
        self.held_state = UNOPENED
        self.open_scope: Scope | None = None
        self.state_scope: Scope | None = None
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
        before, moved = self.held_state, self.queue != queue_before
        if state == before and not moved:
            return
        if state != before and self.state_scope is not None:
            self.emit(moment, self.state_scope, _LEFT[before])
            self.state_scope = None
        was = self.open_scope
        if not self.opened or self.closed:
            if was is not None:
                self.emit(moment, was, _SHUT)
                self.open_scope = None
        elif was is None:
            self.open_scope = self.flow_scope(moment)
            self.emit(moment, self.open_scope, _OPENED)
        elif moved and was.queue != self.queue:
            self.open_scope = self._moved(moment, was, _OPENED, _SHUT)
        came = _CAME.get(state)
        if came is not None:
            held = self.state_scope
            if held is None:
                self.state_scope = self.flow_scope(moment)
                self.emit(moment, self.state_scope, came)
            elif moved and held.queue != self.queue:
                self.state_scope = self._moved(moment, held, came, _LEFT[state])
        self.held_state = state

    def _moved(
        self, moment: Moment, scope: Scope, came: tuple[Delta, ...], left: tuple[Delta, ...]
    ) -> Scope:
        """Leave a scope for the same one in the present queue."""
        self.emit(moment, scope, left)
        scope = scope._replace(queue=self.queue)
        self.emit(moment, scope, came)
        return scope

    def emit(self, moment: Moment, scope: Scope, deltas: tuple[Delta, ...]) -> None:
        """Book signed counts at the moment's time."""
        self.facts.append(_new(Fact, (moment.t_ms, scope, deltas)))

    def flow_scope(self, moment: Moment) -> Scope:
        """The scope of what happens to an item without a person's doing."""
        queue = moment.queue if moment.queue is not None else self.queue
        return _new(Scope, (queue, moment.team, moment.site, None, None, None, self.extras))

    def person_scope(self, moment: Moment) -> Scope:
        """The scope of what a person did as an annotator."""
        queue = moment.queue if moment.queue is not None else self.queue
        team, site = moment.team or "", moment.site or ""
        return _new(Scope, (queue, team, site, moment.actor or "", None, None, self.extras))
