"""What an alert was raised for, and whether later data took it back.

An alert that ends because time goes on was true; one whose breaches were withdrawn, because an
event came late that is dated in time, was not, and everybody who was told of it hears so. What
tells the two apart is a count that becomes less within the window in which the alert was raised.
"""

from collections.abc import Mapping

import msgspec

from schemas.metrics import Direction, Metric
from schemas.metrics.formulas import Amount, Share, Sum
from streams.core.alert_state import AlertState
from streams.core.alerts import Basis
from streams.core.formulas import total_of
from streams.core.guard import TakenBack
from streams.core.observations import Observer
from streams.core.rules import ReadyRule, RuleBook
from streams.core.verdicts import COMPARE, Finding


def bad_of(ready: ReadyRule) -> Sum | None:
    """What the rule counts as bad; None where a value is not a count of bad things."""
    metric = ready.watched
    if not isinstance(metric, Metric):
        return None
    match metric.formula:
        case Amount(what):
            return what if ready.rule.op in (">", ">=") else None
        case Share(part, whole):
            if metric.direction is Direction.LOWER_IS_BETTER:
                return part
            return Sum(whole.plus + part.minus, whole.minus + part.plus)
        case _:
            return None


def basis_of(ready: ReadyRule, subject: str, finding: Finding, seen: Observer) -> Basis | None:
    """What the alert rests on as it is raised; None where nothing can be taken back."""
    metric, value, span = ready.watched, finding.reading.value, finding.span
    if bad_of(ready) is None or value is None:
        return None
    assert isinstance(metric, Metric)
    counts_good = False
    if isinstance(metric.formula, Amount):
        bad = round(value * metric.formula.by)
    else:
        shares = seen.shares(metric, subject, ready.windows[0])
        assert shares is not None
        lower_is_better = metric.direction is Direction.LOWER_IS_BETTER
        bad = shares.part if lower_is_better else shares.whole - shares.part
        counts_good = not lower_is_better and ready.rule.slo is None
    if bad <= 0:
        return None
    return Basis(
        span.start_ms, span.end_ms, bad, bad, value, finding.op, finding.threshold, counts_good
    )


def take_back(book: RuleBook, state: AlertState, taken: TakenBack) -> None:
    """Mark the alerts about a subject whose reason is gone."""
    for ready in book.rules:
        key = (ready.name, taken.subject)
        alert = state.alerts.get(key)
        if alert is None or alert.basis is None:
            continue
        basis = alert.basis
        if taken.start_ms >= basis.end_ms or taken.end_ms <= basis.start_ms:
            continue
        fewer = -_bad_in(ready, taken.delta)
        if fewer > 0:
            alert.basis = msgspec.structs.replace(basis, left=max(0, basis.left - fewer))
            alert.withdrawn = not COMPARE[basis.op](value_left(alert.basis), basis.threshold)
            state.touch(key)


def _bad_in(ready: ReadyRule, delta: Mapping[int, int]) -> int:
    bad = bad_of(ready)
    return 0 if bad is None else total_of(bad)(delta)


def value_left(basis: Basis) -> float:
    """What the value would have been without what was taken back."""
    ratio = basis.left / basis.bad
    return 1 - (1 - basis.value) * ratio if basis.counts_good else basis.value * ratio
