"""What reviews, appeals and golden answers do to an item's life.

A review's facts carry the author as annotator, with the team and site of their latest submission.
A fix is not a pass. What was accepted and is so no longer is retracted when that happens.
"""

from schemas.measures import key_of
from streams.core.facts import Scope, counter
from streams.core.life import REVIEWED, Life
from streams.core.moments import Moment


def decided(life: Life, moment: Moment) -> None:
    """A review was decided: it counts for the author, their team, and the reviewer."""
    reviewer, author, outcome = moment.details
    team, site = life.authors.get(author, ("", ""))
    team, site = team or moment.team or "", site or moment.site or ""
    queue = moment.queue if moment.queue is not None else life.queue
    scope = Scope(queue, team, site, author, reviewer, None, life.extras)
    first = life.reviews == 0
    life.reviews += 1
    deltas = [counter("reviewed")]
    if first:
        deltas.append(counter("first_reviewed"))
    if outcome == "accept":
        deltas.append(counter("accepted"))
        life.accepted = scope
    else:
        _retract_accept(life, moment)
        deltas.append(counter("rejected" if outcome == "reject" else "fixed"))
    if first and outcome != "reject":
        deltas.append(counter("first_passed" if outcome == "accept" else "first_fixed"))
    if outcome != "reject" and not life.passed:
        life.passed = True
        deltas += ((key_of("rounds"), life.reviews), counter("rounds_n"))
    life.emit(moment, scope, tuple(deltas))
    if life.is_open:
        life.base = REVIEWED
    life.outcome = outcome
    life.reviewer, life.reviewed_ms = reviewer, moment.t_ms


def _retract_accept(life: Life, moment: Moment) -> None:
    """What was accepted and is so no longer counts against those who were credited with it."""
    if life.accepted is not None:
        life.emit(moment, life.accepted, (counter("accept_retracted"),))
        life.accepted = None


def appeal_decided(life: Life, moment: Moment) -> None:
    """An appeal was decided: an overturned accept is taken back."""
    if moment.details[0] == "overturn":
        _retract_accept(life, moment)
        life.outcome = "overturned"


def golden_answered(life: Life, moment: Moment) -> None:
    """A golden item was answered: right or wrong, and per label what was mistaken for what."""
    correct, expected, actual, options = moment.details
    scope = life.person_scope(moment)
    right = (counter("golden_correct"),) if correct else ()
    life.emit(moment, scope, (counter("golden_n"), *right))
    if expected is None or actual is None:
        return
    if expected == actual:
        life.emit(moment, scope._replace(label=expected), (counter("golden_tp"),))
    else:
        known = (counter("golden_fp_known"),) if options else ()
        life.emit(moment, scope._replace(label=expected), (counter("golden_fn"),))
        life.emit(moment, scope._replace(label=actual), (counter("golden_fp"), *known))
    for option in dict.fromkeys(options or ()):
        if option not in (expected, actual):
            life.emit(moment, scope._replace(label=option), (counter("golden_tn"),))
