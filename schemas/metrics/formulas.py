"""What a metric is made of: a small language that is read in Python and written in SQL.

Each form says what it counts and nothing about where it runs. ``streams.core.readings`` reads
one from a tally, ``sinks.formulas`` writes it as SQL; a test holds the two equal to the last
digit. Durations inside are integer ms; ``by`` turns the result into the metric's unit.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sum:
    """Counters added, less those taken away; names of ``schemas.measures``."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()


def total(*names: str) -> Sum:
    """The sum of the named counters."""
    return Sum(names)


@dataclass(frozen=True, slots=True)
class Amount:
    """What came together in the window: ``what / by``."""

    what: Sum
    n: Sum
    by: int = 1


@dataclass(frozen=True, slots=True)
class PerHour:
    """How much per hour of the window that is covered by data."""

    what: Sum


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``whole`` as a fraction in [0, 1], with a Wilson interval."""

    part: Sum
    whole: Sum


@dataclass(frozen=True, slots=True)
class Ratio:
    """``top * times / (bottom * by)``: a ratio of sums, never a mean of ratios."""

    top: Sum
    bottom: Sum
    n: Sum
    times: int = 1
    by: int = 1


@dataclass(frozen=True, slots=True)
class Quantile:
    """The ``q`` quantile of a histogram of ms, in seconds."""

    histogram: str
    q: float


@dataclass(frozen=True, slots=True)
class Survival:
    """The ``q`` quantile in seconds of closed durations and of open items' ages together."""

    histogram: str
    q: float


@dataclass(frozen=True, slots=True)
class Level:
    """A present count of items."""

    gauge: str


@dataclass(frozen=True, slots=True)
class Age:
    """A present age in ms, given in seconds; ``n`` is the count it was taken over."""

    gauge: str
    n: str


@dataclass(frozen=True, slots=True)
class LevelShare:
    """One present count as a fraction of another; all are counted, so there is no interval."""

    part: str
    whole: str


@dataclass(frozen=True, slots=True)
class Clearing:
    """Minutes until a present count is gone, if it goes on as in the window; maybe never."""

    gauge: str
    delta: str


Formula = (
    Amount | PerHour | Share | Ratio | Quantile | Survival | Level | Age | LevelShare | Clearing
)
