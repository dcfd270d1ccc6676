"""Formulas made ready to be read: names looked up once, and then only arithmetic.

A deliverer reads sixty metrics of some hundred windows a second. Everything is integers until the
last division, which is the one SQL makes, so the board, the alerts and ClickHouse agree to the
last digit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from schemas import statistics
from schemas.measures import BIN_BITS, BIN_MASK, BY_NAME
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
from schemas.readings import NEVER, NO_BREACH, TOO_FEW, Gauges, Reading
from streams.core import remedy

HOUR_MS = 3_600_000


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


#: A formula's value over counts, a covered span in ms and the present, before anything is withheld.
Read = Callable[[Counts, int, Gauges | None], Reading]
Total = Callable[[Mapping[int, int]], int]

_NOTHING = Reading(None, None, None, 0, TOO_FEW)


@cache
def ready(formula: Formula) -> Read:
    """How the formula is read."""
    match formula:
        case Amount():
            return _amount(formula)
        case PerHour():
            return _per_hour(formula)
        case Share():
            return _share(formula)
        case Ratio():
            return _ratio(formula)
        case Quantile():
            return _quantile(formula)
        case Survival():
            return _survival(formula)
        case Level() | Age() | LevelShare():
            return _level(formula)
        case Clearing():
            return _clearing(formula)
        case DueSoon():
            return _due_soon(formula)
        case Foresight():
            return _foresight(formula)


@cache
def total_of(what: Sum) -> Total:
    """How a sum of counters is added up."""
    plus = tuple(BY_NAME[name].key for name in what.plus)
    minus = tuple(BY_NAME[name].key for name in what.minus)
    if len(plus) == 1 and not minus:
        (key,) = plus
        return lambda counters: counters.get(key, 0)

    def total(counters: Mapping[int, int]) -> int:
        get, n = counters.get, 0
        for key in plus:
            n += get(key, 0)
        for key in minus:
            n -= get(key, 0)
        return n

    return total


def _gross(what: Sum) -> Total:
    """How much moved either way."""
    keys = tuple(BY_NAME[name].key for name in what.plus + what.minus)
    return lambda counters: sum([abs(counters.get(key, 0)) for key in keys])


def _amount(formula: Amount) -> Read:
    what, n, by = total_of(formula.what), total_of(formula.n), formula.by
    return lambda counts, _span, _gauges: _plain(what(counts.counters), by, n(counts.counters))


def _per_hour(formula: PerHour) -> Read:
    what, gross = total_of(formula.what), _gross(formula.what)
    return lambda counts, span_ms, _gauges: _plain(
        what(counts.counters) * HOUR_MS, span_ms, gross(counts.counters)
    )


def _share(formula: Share) -> Read:
    part_of, whole_of = total_of(formula.part), total_of(formula.whole)

    def read(counts: Counts, _span_ms: int, _gauges: Gauges | None) -> Reading:
        whole = whole_of(counts.counters)
        if whole == 0:
            return _NOTHING
        part = part_of(counts.counters)
        low, high = statistics.wilson_low(part, whole), statistics.wilson_high(part, whole)
        return Reading(float(part) / float(whole), low, high, whole, None)

    return read


def _ratio(formula: Ratio) -> Read:
    top, bottom, n = total_of(formula.top), total_of(formula.bottom), total_of(formula.n)
    times, by = formula.times, formula.by
    return lambda counts, _span, _gauges: _plain(
        top(counts.counters) * times, bottom(counts.counters) * by, n(counts.counters)
    )


def _quantile(formula: Quantile) -> Read:
    measure, q = BY_NAME[formula.histogram].id, formula.q

    def read(counts: Counts, _span_ms: int, _gauges: Gauges | None) -> Reading:
        bins = counts.bins.get(measure)
        if not bins:
            return _NOTHING
        return _seconds(statistics.quantile_ms(bins, q), _present(bins))

    return read


def _survival(formula: Survival) -> Read:
    measure, q = BY_NAME[formula.histogram].id, formula.q

    def read(counts: Counts, _span_ms: int, gauges: Gauges | None) -> Reading:
        assert gauges is not None
        bins = counts.bins.get(measure, {})
        ages = statistics.ages_ms(gauges.open_since or {}, gauges.as_of_ms)
        value = statistics.survival_quantile_ms(bins, ages, q)
        return _seconds(value, _present(bins) + _present(ages))

    return read


def _level(formula: Level | Age | LevelShare) -> Read:
    def read(_counts: Counts, _span_ms: int, gauges: Gauges | None) -> Reading:
        assert gauges is not None
        if isinstance(formula, Level):
            level = gauges.level(formula.gauge)
            return _plain(level, 1, level)
        if isinstance(formula, Age):
            age_ms = gauges.oldest_waiting_ms
            return _seconds(None if age_ms is None else float(age_ms), gauges.level(formula.n))
        whole = gauges.level(formula.whole)
        return _plain(gauges.level(formula.part), whole, whole)

    return read


def _clearing(formula: Clearing) -> Read:
    delta = total_of(Sum((formula.delta,)))

    def read(counts: Counts, span_ms: int, gauges: Gauges | None) -> Reading:
        assert gauges is not None
        level, drained = gauges.level(formula.gauge), -delta(counts.counters)
        if level == 0:
            return Reading(0.0, None, None, 0, None)
        if drained <= 0:
            return Reading(None, None, None, level, NEVER)
        return _plain(level * span_ms, drained * 60_000, level)

    return read


def _due_soon(formula: DueSoon) -> Read:
    measure, q = BY_NAME[formula.histogram].id, formula.q

    def read(counts: Counts, _span_ms: int, gauges: Gauges | None) -> Reading:
        assert gauges is not None
        line = gauges.due
        within_ms = statistics.quantile_ms(counts.bins.get(measure, {}), q) if line.n else 0.0
        if within_ms is None:
            return Reading(None, None, None, line.n, TOO_FEW)
        return Reading(float(remedy.at_risk(line, within_ms)), None, None, line.n, None)

    return read


def _foresight(formula: Foresight) -> Read:
    sums = [total_of(each) for each in (formula.done, formula.effort, formula.efforts)]
    tells = formula.tells
    without = NO_BREACH if tells == "next_breach" else TOO_FEW

    def read(counts: Counts, span_ms: int, gauges: Gauges | None) -> Reading:
        assert gauges is not None
        done, effort_ms, efforts = (sum_of(counts.counters) for sum_of in sums)
        pace = remedy.Pace(done, span_ms, effort_ms, efforts)
        found = remedy.foretell(tells, gauges.due, pace)
        return Reading(found, None, None, gauges.due.n, without if found is None else None)

    return read


def _plain(top: int, bottom: int, n: int) -> Reading:
    """One division in double precision, as SQL divides; too few when there is nothing below."""
    if bottom == 0:
        return Reading(None, None, None, n, TOO_FEW) if n else _NOTHING
    return Reading(float(top) / float(bottom), None, None, n, None)


def _seconds(value_ms: float | None, n: int) -> Reading:
    if value_ms is None:
        return Reading(None, None, None, n, TOO_FEW)
    return Reading(value_ms / 1000, None, None, n, None)


def _present(counts: Mapping[int, int]) -> int:
    return sum([n for n in counts.values() if n > 0])
