"""A metric read from what was counted: a value with its interval and n, or why there is none.

Everything is integers until the last division, which is the one SQL makes, so the board, the
alerts and ClickHouse agree to the last digit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import assert_never

from schemas import statistics
from schemas.measures import BIN_BITS, BIN_MASK, BY_NAME, MEASURES
from schemas.metrics import METRICS, Metric
from schemas.metrics.formulas import (
    Age,
    Amount,
    Clearing,
    Level,
    LevelShare,
    PerHour,
    Quantile,
    Ratio,
    Share,
    Sum,
    Survival,
)
from schemas.readings import (
    NEVER,
    NEVER_SENT,
    NOT_APPLICABLE,
    STALE_SOURCE,
    TOO_FEW,
    WARMING_UP,
    Gauges,
    Reading,
)

HOUR_MS = 3_600_000
_KEYS = {measure.name: measure.key for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about the window beside its counts.

    ``seen`` are the event types that ever came; ``dimensions`` those of the grouping.
    ``stale``: a source behind the window is silent, so a low count may only be a gap.
    ``warming``: the window's data has not all been heard of yet.
    """

    seen: frozenset[str]
    dimensions: tuple[str, ...] = ()
    stale: bool = False
    warming: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """A tally taken apart once, so that sixty metrics can be read from it."""

    counters: Mapping[int, int]
    bins: Mapping[int, Mapping[int, int]]

    @classmethod
    def of(cls, tally: Mapping[int, int]) -> "Counts":
        """Counters stay as they are; histogram keys are gathered by measure."""
        bins: dict[int, dict[int, int]] = {}
        for key, n in tally.items():
            if key & BIN_MASK:
                bins.setdefault(key >> BIN_BITS, {})[key & BIN_MASK] = n
        return cls(tally, bins)

    def sum(self, what: Sum) -> int:
        """The value of a sum of counters."""
        get, total = self.counters.get, 0
        for name in what.plus:
            total += get(_KEYS[name], 0)
        for name in what.minus:
            total -= get(_KEYS[name], 0)
        return total

    def gross(self, what: Sum) -> int:
        """How much moved either way."""
        get = self.counters.get
        return sum([abs(get(_KEYS[name], 0)) for name in what.plus + what.minus])

    def histogram(self, name: str) -> Mapping[int, int]:
        """The bins of a histogram measure."""
        return self.bins.get(BY_NAME[name].id, {})


def read(
    metric: Metric,
    tally: Mapping[int, int],
    span_ms: int,
    gauges: Gauges | None,
    context: Context,
) -> Reading:
    """One metric over a window; ``span_ms`` is the part of it that is covered by data."""
    return read_counts(metric, Counts.of(tally), span_ms, gauges, context)


def read_all(
    tally: Mapping[int, int],
    span_ms: int,
    gauges: Gauges | None,
    context: Context,
    metrics: Iterable[Metric] = METRICS,
) -> dict[str, Reading]:
    """Every metric that makes sense in the grouping, by id."""
    counts = Counts.of(tally)
    sensible = _sensible_ids(context.dimensions)
    return {
        metric.id: read_counts(metric, counts, span_ms, gauges, context)
        for metric in metrics
        if metric.id in sensible
    }


@cache
def _alternatives(need: str) -> tuple[str, ...]:
    """The event types of which one will do."""
    return tuple(need.split("|"))


@cache
def _sensible_ids(dimensions: tuple[str, ...]) -> frozenset[str]:
    """The metrics that make sense in a grouping."""
    return frozenset(metric.id for metric in METRICS if metric.makes_sense_by(dimensions))


def read_counts(
    metric: Metric, counts: Counts, span_ms: int, gauges: Gauges | None, context: Context
) -> Reading:
    """One metric from counts that were taken apart before.

    Causes come in the order in which they explain: what can't be comes before what is few.
    """
    if metric.id not in _sensible_ids(context.dimensions):
        return Reading(None, None, None, 0, NOT_APPLICABLE)
    for need in metric.needs:
        if context.seen.isdisjoint(_alternatives(need)):
            return Reading(None, None, None, 0, NEVER_SENT + need)
    needs_gauges = isinstance(metric.formula, Level | Age | LevelShare | Clearing | Survival)
    if context.warming or span_ms <= 0 or (needs_gauges and gauges is None):
        return Reading(None, None, None, 0, WARMING_UP)
    reading = _evaluate(metric, counts, span_ms, gauges)
    silence_reads_as_zero = isinstance(metric.formula, Amount | PerHour | Level | Clearing)
    if context.stale and (silence_reads_as_zero or reading.value is None):
        return Reading(None, None, None, reading.n, STALE_SOURCE)
    if reading.n < metric.min_n:
        return Reading(None, None, None, reading.n, TOO_FEW)
    return reading


def _evaluate(metric: Metric, counts: Counts, span_ms: int, gauges: Gauges | None) -> Reading:
    """The formula's value, before anything is withheld."""
    formula = metric.formula
    match formula:
        case Amount():
            return _plain(counts.sum(formula.what), formula.by, counts.sum(formula.n))
        case PerHour():
            return _plain(counts.sum(formula.what) * HOUR_MS, span_ms, counts.gross(formula.what))
        case Share():
            return _share(counts.sum(formula.part), counts.sum(formula.whole))
        case Ratio():
            top, bottom = counts.sum(formula.top), counts.sum(formula.bottom)
            return _plain(top * formula.times, bottom * formula.by, counts.sum(formula.n))
        case Quantile():
            bins = counts.histogram(formula.histogram)
            return _seconds(statistics.quantile_ms(bins, formula.q), _present(bins))
        case _:
            assert gauges is not None
            return _evaluate_present(formula, counts, span_ms, gauges)


def _evaluate_present(
    formula: Survival | Level | Age | LevelShare | Clearing,
    counts: Counts,
    span_ms: int,
    gauges: Gauges,
) -> Reading:
    """The value of a formula that looks at the present."""
    match formula:
        case Survival():
            bins = counts.histogram(formula.histogram)
            ages = statistics.ages_ms(gauges.open_since or {}, gauges.as_of_ms)
            value = statistics.survival_quantile_ms(bins, ages, formula.q)
            return _seconds(value, _present(bins) + _present(ages))
        case Level():
            level = gauges.level(formula.gauge)
            return _plain(level, 1, level)
        case Age():
            age_ms = gauges.oldest_waiting_ms
            return _seconds(None if age_ms is None else float(age_ms), gauges.level(formula.n))
        case LevelShare():
            whole = gauges.level(formula.whole)
            return _plain(gauges.level(formula.part), whole, whole)
        case Clearing():
            return _clearing(formula, counts, span_ms, gauges)
        case _:
            assert_never(formula)


def _clearing(formula: Clearing, counts: Counts, span_ms: int, gauges: Gauges) -> Reading:
    level = gauges.level(formula.gauge)
    drained = -counts.sum(Sum((formula.delta,)))
    if level == 0:
        return Reading(0.0, None, None, 0, None)
    if drained <= 0:
        return Reading(None, None, None, level, NEVER)
    return _plain(level * span_ms, drained * 60_000, level)


def _plain(top: int, bottom: int, n: int) -> Reading:
    """One division in double precision, as SQL divides; too few when there is nothing below."""
    if bottom == 0:
        return Reading(None, None, None, n, TOO_FEW)
    return Reading(float(top) / float(bottom), None, None, n, None)


def _share(part: int, whole: int) -> Reading:
    if whole == 0:
        return Reading(None, None, None, whole, TOO_FEW)
    low, high = statistics.wilson_low(part, whole), statistics.wilson_high(part, whole)
    return Reading(float(part) / float(whole), low, high, whole, None)


def _seconds(value_ms: float | None, n: int) -> Reading:
    if value_ms is None:
        return Reading(None, None, None, n, TOO_FEW)
    return Reading(value_ms / 1000, None, None, n, None)


def _present(counts: Mapping[int, int]) -> int:
    return sum([n for n in counts.values() if n > 0])
