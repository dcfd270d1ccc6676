"""A rule held against what was observed: a verdict, with the numbers that it rests on."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log

import msgspec

from schemas import statistics
from schemas.metrics import Direction, Metric
from schemas.metrics.formulas import Age, LevelShare
from schemas.readings import NEVER, NO_BREACH, STALE_SOURCE, TOO_FEW, WARMING_UP, Reading
from schemas.rules import Rule, Slo
from schemas.rules_signals import Signal
from streams.core.alerts import Verdict
from streams.core.observations import Observer, Shares, Span
from streams.core.rules import ReadyRule
from streams.core.windows import ROLLING_MS

COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule about one subject at a moment.

    ``span`` is that of its (long) window; ``period`` that of a budget, in which items are expected.
    """

    verdict: Verdict
    reading: Reading
    threshold: float
    op: str
    span: Span
    period: Span | None = None


def judge(ready: ReadyRule, subject: str, threshold: float | None, seen: Observer) -> Finding:
    """The verdict on one subject; ``threshold`` is None for budgets, which bring their own."""
    rule = ready.rule
    if isinstance(ready.watched, Signal):
        assert threshold is not None
        return _signal(ready, subject, threshold, seen)
    if rule.slo is not None:
        return _budget(ready, rule.slo, subject, seen)
    assert threshold is not None
    if rule.decide_on == "confidence":
        return _confidence(ready, subject, threshold, seen)
    reading, span = seen.reading(
        ready.watched, subject, ready.windows[0] if ready.windows else None
    )
    clear = threshold if ready.clear is None else ready.clear
    return Finding(_point(ready, reading, threshold, clear), reading, threshold, _op(rule), span)


def _op(rule: Rule) -> str:
    return rule.op or ">="


def _signal(ready: ReadyRule, subject: str, threshold: float, seen: Observer) -> Finding:
    assert isinstance(ready.watched, Signal)
    value = seen.signal(ready.watched).get(subject)
    cause = None if value is not None else STALE_SOURCE
    reading = Reading(value, None, None, 0 if value is None else 1, cause)
    clear = threshold if ready.clear is None else ready.clear
    verdict = _point(ready, reading, threshold, clear)
    return Finding(verdict, reading, threshold, _op(ready.rule), Span(seen.now_ms, seen.now_ms, 0))


def _point(ready: ReadyRule, reading: Reading, threshold: float, clear: float) -> Verdict:
    """The value as it is, held against the threshold."""
    rule = ready.rule
    compare = COMPARE[_op(rule)]
    if reading.value is None:
        if reading.cause in (NEVER, NO_BREACH):
            return Verdict.BREACHED if rule.op in (">", ">=") else Verdict.CLEAR
        if reading.cause == TOO_FEW and reading.n == 0 and _counts_what_stands(ready):
            # Nothing waits, so nothing waits too long.
            return Verdict.CLEAR
        return _without_data(rule, reading)
    if reading.n < rule.min_events:
        return _without_data(rule, reading)
    if compare(reading.value, threshold):
        return Verdict.BREACHED
    return Verdict.BETWEEN if compare(reading.value, clear) else Verdict.CLEAR


def _counts_what_stands(ready: ReadyRule) -> bool:
    watched = ready.watched
    return isinstance(watched, Metric) and isinstance(watched.formula, Age | LevelShare)


def _without_data(rule: Rule, reading: Reading) -> Verdict:
    """Silence is what ``no_data`` is about; a few events, or a start, are no silence."""
    if reading.n or reading.cause not in (TOO_FEW, STALE_SOURCE, None):
        return Verdict.UNKNOWN
    if rule.no_data == "alert":
        return Verdict.BREACHED
    return Verdict.CLEAR if rule.no_data == "ok" else Verdict.UNKNOWN


def _confidence(ready: ReadyRule, subject: str, threshold: float, seen: Observer) -> Finding:
    """Breached only when the counts since the declared start exclude the threshold."""
    rule, metric = ready.rule, ready.watched
    assert isinstance(metric, Metric)
    reading, span = seen.reading(metric, subject, ready.windows[0])
    shares = seen.shares(metric, subject, ready.windows[0])
    verdict = Verdict.CLEAR
    if shares is not None:
        part, whole = shares.part, shares.whole
        evidence = statistics.sequence_log_evidence(part, whole, threshold)
        wrong_side = whole > 0 and COMPARE[_op(rule)](part / whole, threshold)
        if wrong_side and whole >= rule.min_events and evidence >= -log(rule.series_alpha):
            verdict = Verdict.BREACHED
        if seen.stale(subject, span):
            # What is proved stays proved, but silence takes nothing back.
            verdict = _without_data(rule, msgspec.structs.replace(reading, n=0, cause=STALE_SOURCE))
    return Finding(verdict, reading, threshold, _op(rule), span)


def _budget(ready: ReadyRule, slo: Slo, subject: str, seen: Observer) -> Finding:
    """How much of the period's error budget, counted in items, the window alone has burned."""
    metric = ready.watched
    assert isinstance(metric, Metric)
    long, short, period = (seen.shares(metric, subject, name) for name in ready.windows)
    reading, span = seen.reading(metric, subject, ready.windows[0])
    finding = Finding(Verdict.UNKNOWN, reading, slo.budget_share, ">=", span)
    if long is None or short is None or period is None or reading.value is None:
        return replace(finding, verdict=_without_data(ready.rule, reading))
    finding = replace(finding, period=period.span)
    covered_ms = period.span.covered_ms
    if covered_ms < ROLLING_MS[slo.window] or reading.n < ready.rule.min_events:
        few = msgspec.structs.replace(reading, value=None, cause=WARMING_UP)
        return replace(finding, reading=few)
    expected = period.whole * ROLLING_MS[slo.period] / covered_ms
    allowed = (1 - slo.objective) * expected
    burned = _bad(metric, long) / allowed if allowed else 0.0
    burning = _bad(metric, short) / allowed if allowed else 0.0
    pace = slo.budget_share * ROLLING_MS[slo.short] / ROLLING_MS[slo.window]
    is_burning = burned >= slo.budget_share and burning >= pace
    value = Reading(burned, None, None, reading.n, None)
    return replace(
        finding, verdict=Verdict.BREACHED if is_burning else Verdict.CLEAR, reading=value
    )


def _bad(metric: Metric, shares: Shares) -> int:
    """Items that are not as they should be: the share's rest, or its part when less is better."""
    if metric.direction is Direction.LOWER_IS_BETTER:
        return shares.part
    return shares.whole - shares.part
