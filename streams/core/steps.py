"""What each kind of moment does to an item's life, and the facts that it brings.

One function for each kind; ``step`` is the only way in. Definitions of what is counted stand in
``schemas/measures.py``.
"""

from collections.abc import Callable

from schemas.measures import key_of
from streams.core import moments, reviews
from streams.core.facts import Delta, Fact, counter, duration, negated
from streams.core.life import ESCALATED, IN_REVIEW, SUBMITTED, WAITING, Life
from streams.core.moments import Moment

_ARRIVED, _REQUEUED = (counter("arrived"),), (counter("requeued"),)
_CLAIMED, _SKIPPED, _EXPIRED = counter("claimed"), (counter("skipped"),), (counter("expired"),)
_SUBMITTED, _LABELLED = counter("submitted"), (counter("submitted"), counter("labelled"))
_FROM_PREDICTION, _UNEDITED = counter("prelabel_submitted"), counter("prelabel_unedited")
_HANDLED, _HANDLE_HIST = counter("handled"), key_of("handle_hist")
_HANDLE_MS, _ACTIVE_N, _ACTIVE_MS = key_of("handle_ms"), counter("active_n"), key_of("active_ms")
_UNITS, _UNITS_ACTIVE_MS = key_of("units"), key_of("units_active_ms")
_RATIO_ACTIVE_MS, _RATIO_ELAPSED_MS = key_of("ratio_active_ms"), key_of("ratio_elapsed_ms")
_REWORK_ACTIVE_MS = key_of("rework_active_ms")
_FLOW_ACTIVE_MS, _FLOW_ELAPSED_MS = key_of("flow_active_ms"), key_of("flow_elapsed_ms")
_CLAIM_FIRST_HIST, _CLAIM_LAST_HIST = key_of("claim_first_hist"), key_of("claim_last_hist")
_TURNAROUND_HIST = key_of("turnaround_hist")
_COMPLETED, _COMPLETED_FIRST = counter("completed"), counter("completed_first")
_AUTO_CLOSED = counter("auto_closed")


def step(life: Life, moment: Moment) -> list[Fact]:
    """Live through one moment; returns the facts that it brings."""
    facts = life.facts = []
    if moment.extras:
        pairs = zip(moment.extras, life.extras, strict=True)
        life.extras = tuple([old if new is None else new for new, old in pairs])
    code, queue = moment.code, life.queue
    handler = _STEPS.get(code)
    if handler is not None:
        handler(life, moment)
    if code in _OPENING:
        life.opened = True
    life.settle(moment, queue)
    return facts


def _created(life: Life, moment: Moment) -> None:
    if life.created_ms is None:
        life.created_ms = moment.t_ms
    if moment.details[0] is not None:
        life.due_ms = moment.details[0]
    if moment.queue is not None:
        life.queue = moment.queue
    if not life.opened and not life.closed:
        life.base = WAITING
        life.queued_ms = moment.t_ms


def _queued(life: Life, moment: Moment) -> None:
    if moment.queue is not None:
        life.queue = moment.queue
    if life.first_queued_ms is None:
        life.first_queued_ms = moment.t_ms
    life.queued_ms = moment.t_ms
    life.base = WAITING
    life.closed = False
    life.assignments.clear()
    requeued = moment.code == moments.REQUEUED
    life.emit(moment, life.flow_scope(moment), _REQUEUED if requeued else _ARRIVED)


def _claimed(life: Life, moment: Moment) -> None:
    assert moment.assignment is not None
    life.claims += 1
    life.last_claimed_ms = moment.t_ms
    deltas = [_CLAIMED]
    scope = life.person_scope(moment)
    if life.first_queued_ms is not None:
        waited_ms = moment.t_ms - life.first_queued_ms
        if life.first_claimed_ms is None:
            deltas.append(duration(_CLAIM_FIRST_HIST, waited_ms))
        if life.claim_last is not None:
            life.facts.append(negated(life.claim_last))
        latest = (duration(_CLAIM_LAST_HIST, waited_ms),)
        life.claim_last = Fact(moment.t_ms, scope, latest)
        life.facts.append(life.claim_last)
    if life.first_claimed_ms is None:
        life.first_claimed_ms = moment.t_ms
    life.emit(moment, scope, tuple(deltas))
    life.starts.setdefault(moment.assignment, (False, moment.t_ms))
    life.assignments[moment.assignment] = None


def _started(life: Life, moment: Moment) -> None:
    assert moment.assignment is not None
    if life.started_ms is None:
        life.started_ms = moment.t_ms
    known = life.starts.get(moment.assignment)
    if known is None or not known[0]:
        life.starts[moment.assignment] = (True, moment.t_ms)
    life.assignments[moment.assignment] = None


def _resumed(life: Life, moment: Moment) -> None:
    assert moment.assignment is not None
    life.assignments[moment.assignment] = None


def _heartbeat(life: Life, moment: Moment) -> None:
    assert moment.assignment is not None
    beats = life.beats_ms
    beats[moment.assignment] = beats.get(moment.assignment, 0) + moment.details[0]


def _submitted(life: Life, moment: Moment) -> None:
    active_ms, units, labels, prediction, edits, attempt, _ = moment.details
    assignment = moment.assignment or ""
    if active_ms is None:
        active_ms = life.beats_ms.get(assignment)
    start = life.starts.get(assignment)
    handle_ms = None if start is None else max(0, moment.t_ms - start[1])
    scope = life.person_scope(moment)
    deltas = [_SUBMITTED, *_effort(active_ms, handle_ms, units, attempt)]
    if prediction is not None:
        deltas.append(_FROM_PREDICTION)
        if edits == 0:
            deltas.append(_UNEDITED)
    life.emit(moment, scope, tuple(deltas))
    for label in dict.fromkeys(labels or ()):
        labelled = scope._replace(label=label)
        life.emit(moment, labelled, _LABELLED)
    life.submissions += 1
    life.submitted_ms = moment.t_ms
    life.annotator, life.team, life.site = scope.annotator or "", scope.team or "", scope.site or ""
    life.authors[life.annotator] = (life.team, life.site)
    life.labels = tuple(labels or ())
    life.attempt = attempt
    if active_ms is not None:
        life.active_known = True
        life.active_ms += active_ms
    if handle_ms is not None:
        life.handle_ms = (life.handle_ms or 0) + handle_ms
    # Another submission of the assignment begins its own count of time.
    for kept in (life.assignments, life.starts, life.beats_ms):
        kept.pop(assignment, None)
    life.base = SUBMITTED


def _effort(
    active_ms: int | None, handle_ms: int | None, units: int | None, attempt: int | None
) -> list[Delta]:
    """The counts of a submission's times; what is unknown is not counted at all."""
    deltas: list[Delta] = []
    if handle_ms is not None:
        deltas += (_HANDLED, duration(_HANDLE_HIST, handle_ms), (_HANDLE_MS, handle_ms))
    if active_ms is None:
        return deltas
    deltas += (_ACTIVE_N, (_ACTIVE_MS, active_ms))
    if units is not None:
        deltas += ((_UNITS, units), (_UNITS_ACTIVE_MS, active_ms))
    if handle_ms is not None:
        deltas += ((_RATIO_ACTIVE_MS, active_ms), (_RATIO_ELAPSED_MS, handle_ms))
    if attempt is not None and attempt >= 2:
        deltas.append((_REWORK_ACTIVE_MS, active_ms))
    return deltas


def _skipped(life: Life, moment: Moment) -> None:
    life.emit(moment, life.person_scope(moment), _SKIPPED)
    _handed_back(life, moment)


def _expired(life: Life, moment: Moment) -> None:
    life.emit(moment, life.flow_scope(moment), _EXPIRED)
    _handed_back(life, moment)


def _handed_back(life: Life, moment: Moment) -> None:
    # Its age in the queue goes on from when it was queued: a release must not make it young.
    if moment.assignment in life.assignments:
        del life.assignments[moment.assignment]
        life.base = WAITING


def _escalated(life: Life, moment: Moment) -> None:
    life.queue = moment.details[0]
    if life.is_open:
        life.assignments.clear()
        life.base = ESCALATED


def _in_review(life: Life, moment: Moment) -> None:
    if life.is_open:
        life.base = IN_REVIEW


def _completed(life: Life, moment: Moment) -> None:
    actor_type, terminal_state = moment.details
    deltas = [_COMPLETED]
    if life.completed_ms is None:
        life.completed_ms = moment.t_ms
        deltas.append(_COMPLETED_FIRST)
        if actor_type == "system":
            deltas.append(_AUTO_CLOSED)
        if life.created_ms is not None:
            elapsed_ms = max(0, moment.t_ms - life.created_ms)
            if actor_type != "system":
                deltas.append(duration(_TURNAROUND_HIST, elapsed_ms))
            if life.active_known:
                deltas.append((_FLOW_ACTIVE_MS, life.active_ms))
                deltas.append((_FLOW_ELAPSED_MS, elapsed_ms))
    life.emit(moment, life.flow_scope(moment), tuple(deltas))
    life.outcome = life.outcome or terminal_state or ""
    _closed(life, moment)


def _closed(life: Life, moment: Moment) -> None:
    life.closed = True
    life.assignments.clear()


_OPENING = frozenset(
    {moments.CREATED, moments.QUEUED, moments.REQUEUED, moments.ASSIGNED, moments.CLAIMED}
    | {moments.STARTED, moments.RESUMED, moments.SUBMITTED}
)

_STEPS: dict[int, Callable[[Life, Moment], None]] = {
    moments.CREATED: _created,
    moments.QUEUED: _queued,
    moments.REQUEUED: _queued,
    moments.ASSIGNED: _claimed,
    moments.CLAIMED: _claimed,
    moments.STARTED: _started,
    moments.RESUMED: _resumed,
    moments.HEARTBEAT: _heartbeat,
    moments.SUBMITTED: _submitted,
    moments.GOLDEN: reviews.golden_answered,
    moments.SKIPPED: _skipped,
    moments.RELEASED: _handed_back,
    moments.EXPIRED: _expired,
    moments.ESCALATED: _escalated,
    moments.REVIEW_QUEUED: _in_review,
    moments.REVIEW_ASSIGNED: _in_review,
    moments.REVIEW_STARTED: _in_review,
    moments.DECIDED: reviews.decided,
    moments.APPEAL_DECIDED: reviews.appeal_decided,
    moments.COMPLETED: _completed,
    moments.CANCELLED: _closed,
    moments.DELETED: _closed,
}
