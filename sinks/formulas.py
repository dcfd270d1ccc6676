"""A metric's formula as SQL, over columns that are named like its measures and gauges.

The columns hold sums of a window: Int64 for counters, Map(UInt16, Int64) for histograms,
``span_ms`` its length, ``open_ages`` open items by age in ms, ``due`` running SLA clocks by the ms
that are left to the minute of their deadline. Every expression makes the same
operations in the same order as ``streams.core.readings``: both give the same to the last digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from schemas.groupings import Grouping
from schemas.metrics import Metric
from schemas.metrics.formulas import (
    Age,
    Amount,
    Clearing,
    DueSoon,
    Foresight,
    Formula,
    Level,
    LevelShare,
    PerHour,
    Quantile,
    Ratio,
    Share,
    Sum,
    Survival,
)
from schemas.readings import NEVER, NO_BREACH, TOO_FEW

HOUR_MS = 3_600_000
_NULL = "CAST(NULL, 'Nullable(Float64)')"


@dataclass(frozen=True, slots=True)
class Expression:
    """One metric as SQL: four expressions that stand for the fields of a Reading."""

    value: str
    low: str
    high: str
    n: str


@dataclass(frozen=True, slots=True)
class Raw:
    """A formula before anything is withheld; ``empty`` says why its value may be NULL."""

    value: str
    n: str
    low: str = _NULL
    high: str = _NULL
    empty: str = f"'{TOO_FEW}'"


def knowable(metric: Metric, groupings: Sequence[Grouping]) -> str:
    """When a metric can be known, as SQL over the columns ``grouping``, ``seen`` and ``span_ms``.

    ``groupings`` are those that exist; ``seen`` is an Array(String) of event types that came.
    """
    fitting = [g.name for g in groupings if metric.makes_sense_by(g.dimensions)]
    came = [f"hasAny(seen, {strings(need.split('|'))})" for need in metric.needs]
    return " AND ".join((f"has({strings(fitting)}, grouping)", *came, "span_ms > 0"))


def expression(metric: Metric, known: str) -> Expression:
    """A metric as SQL over the columns of its formula; ``known`` is a column: ``knowable``."""
    raw = _raw(metric.formula)
    told = known
    if metric.min_n or not isinstance(metric.formula, PerHour):
        # A sum of absolute counts is never below zero.
        told = f"{known} AND ({raw.n}) >= {metric.min_n}"
    low, high = (end if end == _NULL else f"if({told}, {end}, NULL)" for end in (raw.low, raw.high))
    return Expression(
        value=f"if({told}, {raw.value}, NULL)",
        low=low,
        high=high,
        n=f"if({known}, toInt64({raw.n}), 0)",
    )


def plain(metric: Metric) -> Raw:
    """A metric as SQL over the columns of its formula and ``span_ms``; nothing is withheld."""
    return _raw(metric.formula)


def strings(names: Sequence[str]) -> str:
    """An Array(String), also of nothing."""
    return "CAST([" + ", ".join(f"'{name}'" for name in names) + "], 'Array(String)')"


def _sum(what: Sum) -> str:
    plus = " + ".join(what.plus) or "0"
    return "(" + " - ".join((plus, *what.minus)) + ")"


def _gross(what: Sum) -> str:
    return " + ".join(f"abs({name})" for name in what.plus + what.minus)


def _divided(top: str, bottom: str) -> str:
    """One division in double precision; NULL when there is nothing below."""
    quotient = f"toFloat64({top}) / toFloat64({bottom})"
    return f"if(({bottom}) = 0, {_NULL}, {quotient})"


def _count(bins: str) -> str:
    return f"arraySum(n -> greatest(n, 0), mapValues({bins}))"


def _raw(formula: Formula) -> Raw:
    """The value, n and interval of a formula."""
    match formula:
        case Amount():
            return Raw(_divided(_sum(formula.what), str(formula.by)), _sum(formula.n))
        case PerHour():
            top = f"{_sum(formula.what)} * {HOUR_MS}"
            return Raw(_divided(top, "span_ms"), _gross(formula.what))
        case Share():
            part, whole = _sum(formula.part), _sum(formula.whole)
            low, high = f"wilson_low({part}, {whole})", f"wilson_high({part}, {whole})"
            return Raw(_divided(part, whole), whole, low, high)
        case Ratio():
            top = f"{_sum(formula.top)} * {formula.times}"
            bottom = f"{_sum(formula.bottom)} * {formula.by}"
            return Raw(_divided(top, bottom), _sum(formula.n))
        case Quantile():
            value = f"dd_quantile({formula.histogram}, {formula.q}) / 1000"
            return Raw(value, _count(formula.histogram))
        case DueSoon() | Foresight():
            return _promised(formula)
        case _:
            return _present(formula)


def _present(formula: Survival | Level | Age | LevelShare | Clearing) -> Raw:
    """Formulas that look at the present."""
    match formula:
        case Survival():
            tail = round(1 - formula.q, 9)
            value = f"survival_quantile({formula.histogram}, open_ages, {tail}) / 1000"
            n = f"{_count(formula.histogram)} + {_count('open_ages')}"
            return Raw(value, n)
        case Level():
            return Raw(f"toFloat64({formula.gauge})", formula.gauge)
        case Age():
            return Raw(f"toFloat64({formula.gauge}) / 1000", formula.n)
        case LevelShare():
            return Raw(_divided(formula.part, formula.whole), formula.whole)
        case Clearing():
            drained = f"(-{formula.delta})"
            time = f"toFloat64({formula.gauge} * span_ms) / toFloat64({drained} * 60000)"
            value = f"multiIf({formula.gauge} = 0, 0, {drained} <= 0, {_NULL}, {time})"
            return Raw(value, formula.gauge, empty=f"'{NEVER}'")
        case _:
            assert_never(formula)


def _promised(formula: DueSoon | Foresight) -> Raw:
    """Formulas that look at running SLA clocks."""
    n = "arraySum(mapValues(due))"
    if isinstance(formula, DueSoon):
        within = f"dd_quantile({formula.histogram}, {formula.q})"
        soon = f"toFloat64(due_within(due, {within}))"
        return Raw(f"multiIf(empty(due), 0, isNull({within}), {_NULL}, {soon})", n)
    done = f"{_sum(formula.done)}, span_ms"
    if formula.tells == "next_breach":
        value = f"toFloat64(next_breach_ms(due, {done})) / 60000"
        return Raw(value, n, empty=f"'{NO_BREACH}'")
    if formula.tells == "breaches":
        return Raw(f"toFloat64(breaches_ahead(due, {done}))", n)
    if formula.tells == "people_for":
        return Raw("toFloat64(people_ahead_ms(due)) / 60000", n)
    effort, efforts = _sum(formula.effort), _sum(formula.efforts)
    needed = f"toFloat64(people_ahead(due, intDiv({effort}, greatest({efforts}, 1))))"
    unknown = f"{effort} <= 0 OR {efforts} <= 0"
    return Raw(f"multiIf(empty(due_gaps(due)), 0, {unknown}, {_NULL}, {needed})", n)
