"""Why an alert stands where it does: the number, who contributes most, and SQL to see it again."""

from collections.abc import Mapping

from schemas import statistics
from schemas.alerts import Contributor, Evidence
from schemas.metrics import Metric
from schemas.readings import Reading
from schemas.rules import Rule
from streams.core.evidence_sql import items_sql_of, sql_of
from streams.core.observations import Observer
from streams.core.rules import ReadyRule, label_name
from streams.core.verdicts import Finding
from streams.core.wording import fill

CONTRIBUTORS_MAX = 5


def window_name(rule: Rule) -> str:
    """The window as the rule calls it; "now" for a present value."""
    if rule.slo is not None:
        return rule.slo.window
    return f"since {rule.since}" if rule.since is not None else rule.window or "now"


def evidence_of(
    ready: ReadyRule,
    dims: Mapping[str, str],
    finding: Finding,
    contributors: tuple[Contributor, ...] = (),
) -> Evidence:
    """What a transition says of its reason."""
    reading, span = finding.reading, finding.span
    low, high = _interval(ready.rule, reading)
    return Evidence(
        metric=ready.watched.id,
        definition=f"{ready.watched.id}/{ready.watched.version}",
        unit=ready.watched.unit.value if ready.rule.slo is None else "share of the budget",
        window=window_name(ready.rule),
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        op=finding.op,
        threshold=finding.threshold,
        value=reading.value,
        n=reading.n,
        low=low,
        high=high,
        cause=reading.cause,
        contributors=contributors,
        sql=sql_of(ready, dims, finding),
        items_sql=items_sql_of(ready, dims, span),
    )


def _interval(rule: Rule, reading: Reading) -> tuple[float | None, float | None]:
    """The interval that decided: the sequence where it decides, else what is shown anyway."""
    if rule.decide_on != "confidence" or reading.value is None:
        return reading.low, reading.high
    successes = round(reading.value * reading.n)
    found = statistics.sequence_interval(successes, reading.n, rule.series_alpha)
    return (None, None) if found is None else found


def annotations_of(
    ready: ReadyRule, evidence: Evidence, labels: Mapping[str, str]
) -> dict[str, str]:
    """The rule's texts, filled with what was found."""
    fields: dict[str, str | float | None] = {
        **{label_name(dimension): "" for dimension in ready.dimensions},
        **labels,
        "value": evidence.value,
        "low": evidence.low,
        "high": evidence.high,
        "threshold": evidence.threshold,
        "n": evidence.n,
        "metric": evidence.metric,
        "window": evidence.window,
        "unit": evidence.unit,
        "cause": evidence.cause or "",
    }
    return {name: fill(template, fields) for name, template in ready.rule.annotations.items()}


def contributors_of(
    ready: ReadyRule, subject: str, finding: Finding, seen: Observer
) -> tuple[Contributor, ...]:
    """The finer subjects of this partition that weigh most; () when there are none here.

    Of the groupings that add dimensions, the first one counts whose subjects are here. Those with
    the worst values come first, a share weighed with its n: three of four are less than sixty of a
    hundred.
    """
    metric = ready.watched
    if not isinstance(metric, Metric):
        return ()
    dims = seen.dims(subject)
    window = ready.windows[0] if ready.windows else None
    for grouping in sorted(seen.groupings, key=lambda each: len(each.dimensions)):
        finer = frozenset(grouping.dimensions) > frozenset(dims)
        if not finer or not metric.makes_sense_by(grouping.dimensions):
            continue
        found = []
        for other in seen.subjects(grouping.name):
            theirs = seen.dims(other)
            if dims.items() <= theirs.items():
                reading, _ = seen.reading(metric, other, window)
                added = {name: value for name, value in theirs.items() if name not in dims}
                found.append(Contributor(added, reading.value, reading.n))
        if found:
            found.sort(key=lambda each: _weight(each, finding), reverse=True)
            return tuple(found[:CONTRIBUTORS_MAX])
    return ()


def _weight(contributor: Contributor, finding: Finding) -> float:
    if contributor.value is None:
        return float("-inf")
    excess = contributor.value - finding.threshold
    is_low_bad = finding.op in ("<", "<=")
    weight = contributor.n if finding.reading.low is not None else 1
    return (-excess if is_low_bad else excess) * weight
