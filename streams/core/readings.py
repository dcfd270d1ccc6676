"""A metric read from what was counted: a value with its interval and n, or why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from schemas.metrics import METRICS, Metric
from schemas.metrics.formulas import PRESENT, PROMISED, Amount, Clearing, Level, PerHour
from schemas.readings import (
    NEVER_SENT,
    NOT_APPLICABLE,
    STALE_SOURCE,
    TOO_FEW,
    WARMING_UP,
    Gauges,
    Reading,
)
from streams.core.formulas import Counts, Read, ready

#: Formulas in which silence reads as zero.
_SILENCE_IS_ZERO = (Amount, PerHour, Level, Clearing, *PROMISED)
#: A source that says nothing, not even a heartbeat, is silent after this long ...
SILENT_MS_MIN = 5 * 60_000
#: ... and a window is stale when that is at least this part of it.
SILENT_SHARE_MIN = 0.1
_WARMING = Reading(None, None, None, 0, WARMING_UP)


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


def is_stale(last_seen_ms: int | None, now_ms: int, length_ms: int) -> bool:
    """Whether so much of a window that ends now is silence that a low count may only be a gap."""
    if last_seen_ms is None:
        return False
    return now_ms - last_seen_ms >= max(SILENT_MS_MIN, SILENT_SHARE_MIN * length_ms)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A metric made ready to be read."""

    read: Read
    min_n: int
    looks_at_the_present: bool
    silence_is_zero: bool

    def over(
        self, counts: Counts, span_ms: int, gauges: Gauges | None, context: Context
    ) -> Reading:
        """The metric over counts for which nothing that it needs is missing."""
        if context.warming or span_ms <= 0 or (self.looks_at_the_present and gauges is None):
            return _WARMING
        reading = self.read(counts, span_ms, gauges)
        if context.stale and (self.silence_is_zero or reading.value is None):
            return Reading(None, None, None, reading.n, STALE_SOURCE)
        if reading.n < self.min_n:
            return Reading(None, None, None, reading.n, TOO_FEW)
        return reading


#: What of all metrics is read, by the grouping's dimensions and the event types that ever came.
_SENSIBLE: dict[tuple[tuple[str, ...], frozenset[str]], list[tuple[str, "_Ready | Reading"]]] = {}
_SENSIBLE_MAX = 256


@cache
def _ready(metric: Metric) -> _Ready:
    formula = metric.formula
    return _Ready(
        ready(formula),
        metric.min_n,
        isinstance(formula, PRESENT),
        isinstance(formula, _SILENCE_IS_ZERO),
    )


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
    metrics: Sequence[Metric] = METRICS,
) -> dict[str, Reading]:
    """Every metric that makes sense in the grouping, by id."""
    counts = Counts.of(tally)
    known = _SENSIBLE if metrics is METRICS else {}
    asked = (context.dimensions, context.seen)
    sensible = known.get(asked)
    if sensible is None:
        if len(known) >= _SENSIBLE_MAX:
            known.clear()
        sensible = known[asked] = _sensible(metrics, *asked)
    return {
        name: each if isinstance(each, Reading) else each.over(counts, span_ms, gauges, context)
        for name, each in sensible
    }


def _sensible(
    metrics: Sequence[Metric], dimensions: tuple[str, ...], seen: frozenset[str]
) -> list[tuple[str, _Ready | Reading]]:
    """Metrics that make sense in a grouping, and what is to be said of those that lack events."""
    return [
        (metric.id, _missing(metric, seen) or _ready(metric))
        for metric in metrics
        if metric.makes_sense_by(dimensions)
    ]


def _missing(metric: Metric, seen: frozenset[str]) -> Reading | None:
    """What is said of a metric that needs events which never came."""
    for need in metric.needs:
        if seen.isdisjoint(_alternatives(need)):
            return Reading(None, None, None, 0, NEVER_SENT + need)
    return None


@cache
def _alternatives(need: str) -> tuple[str, ...]:
    """The event types of which one will do."""
    return tuple(need.split("|"))


def read_counts(
    metric: Metric, counts: Counts, span_ms: int, gauges: Gauges | None, context: Context
) -> Reading:
    """One metric from counts that were taken apart before.

    Causes come in the order in which they explain: what can't be comes before what is few.
    """
    if not metric.makes_sense_by(context.dimensions):
        return Reading(None, None, None, 0, NOT_APPLICABLE)
    missing = _missing(metric, context.seen)
    return missing or _ready(metric).over(counts, span_ms, gauges, context)
