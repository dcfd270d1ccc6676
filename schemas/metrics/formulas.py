"""What a metric is made of: a small language that is read in Python and written in SQL.

Each form says what it counts and nothing about where it runs. ``streams.core.readings`` reads
one from a tally, ``sinks.formulas`` writes it as SQL; a test holds the two equal to the last
digit. Durations inside are integer ms; ``by`` turns the result into the metric's unit.
"""

from dataclasses import dataclass
from typing import Literal


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


@dataclass(frozen=True, slots=True)
class DueSoon:
    """Running SLA clocks that are due within the ``q`` quantile of a histogram of ms."""

    histogram: str
    q: float


@dataclass(frozen=True, slots=True)
class Foresight:
    """What the deadlines of running SLA clocks hold at the pace of the window.

    ``tells`` minutes to the next breach (maybe none); clocks that will breach; people who would
    keep all, each needing ``effort`` ms for one of ``efforts``; minutes that they are needed.
    """

    tells: Literal["next_breach", "breaches", "people", "people_for"]
    done: Sum
    effort: Sum
    efforts: Sum


Formula = (
    Amount
    | PerHour
    | Share
    | Ratio
    | Quantile
    | Survival
    | Level
    | Age
    | LevelShare
    | Clearing
    | DueSoon
    | Foresight
)
#: Forms that look at the present.
PRESENT = (Survival, Level, Age, LevelShare, Clearing, DueSoon, Foresight)
#: Those of them that look at running SLA clocks.
PROMISED = (DueSoon, Foresight)
